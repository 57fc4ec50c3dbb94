"""Updates of the bot, made and read again by python-telegram-bot."""

from __future__ import annotations

from typing import Any

import pytest
import telegram

from crm.inbox.channels import chat
from crm.inbox.channels.chat import Chat
from crm.inbox.models import InboundPayload
from tests.conftest import NOON
from tests.crm.inbox.chats import from_telegram, post, update

pytestmark = pytest.mark.usefixtures("channels")

FILE = {"file_id": "x", "file_unique_id": "y"}
STICKER = {"emoji": "👍", "type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}
POLL = {
    "id": "1", "question": "When", "options": [{"persistent_id": "1", "text": "now", "voter_count": 0}],
    "total_voter_count": 0, "is_closed": False, "is_anonymous": True, "type": "regular",
    "allows_multiple_answers": False, "allows_revoting": False, "members_only": False,
}  # fmt: skip


def chats(source: str = "telegram") -> list[Chat]:
    """What was unpacked, in the order of coming."""
    from crm.inbox import actions

    while InboundPayload.objects.filter(state="new").exclude(kind__startswith="chat").exists():
        InboundPayload.objects.filter(kind__startswith="chat").update(due_at=NOON.replace(year=2030))
        actions.work(NOON)
    rows = InboundPayload.objects.filter(source=source, kind="chat").order_by("pk")
    return [chat.message(row.arrived) for row in rows]


def test_what_the_library_makes_is_what_is_read() -> None:
    sender = telegram.User(4242, "Sofia", False, last_name="Lindqvist")
    made = telegram.Update(
        7,
        message=telegram.Message(
            12, date=NOON, chat=telegram.Chat(4242, "private"), from_user=sender, text="Grüße, the export stops"
        ),
    )
    assert from_telegram(made.to_json()).status_code == 200
    assert from_telegram(made.to_json()).status_code == 200
    (said,) = chats()
    assert said == Chat(
        "telegram", "4242:12", "4242", "Grüße, the export stops", NOON, name="Sofia Lindqvist"
    )  # fmt: skip
    assert InboundPayload.objects.filter(kind="telegram.update").count() == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"photo": [FILE | {"width": 1, "height": 1}], "caption": "This one"}, "[Photo] This one"),
        ({"voice": FILE | {"duration": 3}}, "[Voice message]"),
        ({"sticker": FILE | STICKER}, "[Sticker 👍]"),
        ({"document": FILE | {"file_name": "log.txt"}, "caption": "See"}, "[File log.txt] See"),
        ({"location": {"latitude": 52.5, "longitude": 13.4}}, "[Location] 52.5, 13.4"),
        ({"contact": {"first_name": "Ola", "phone_number": "+47123"}}, "[Contact] Ola +47123"),
        ({"poll": POLL}, "[Poll] When now"),
    ],
)
def test_what_is_no_text_says_what_it_is(fields: dict[str, Any], text: str) -> None:
    said = update(**fields)
    del said["message"]["text"]
    assert telegram.Update.de_json(said, None) is not None  # type: ignore[arg-type]
    from_telegram(said)
    assert [one.text for one in chats()] == [text]


def test_an_edit_is_another_message_and_a_start_says_who_they_are() -> None:
    said = update(1, "Ten seats")
    from_telegram(said)
    edited = said["message"] | {"text": "Twelve seats", "edit_date": int(NOON.timestamp())}
    from_telegram({"update_id": 2, "edited_message": edited})
    from_telegram(update(3, "/start 12-99-abc"))
    from_telegram(update(4, "/start"))
    own = {"contact": {"phone_number": "4915112345678", "user_id": 4242, "first_name": "Sofia"}}
    from_telegram(update(5, "", **own))
    assert [(one.key, one.text, one.link, one.phone) for one in chats()] == [
        ("4242:1", "Ten seats", "", ""),
        (f"4242:1:{int(NOON.timestamp())}", "[Edited] Twelve seats", "", ""),
        ("4242:3", "/start 12-99-abc", "12-99-abc", ""),
        ("4242:4", "/start", "/start", ""),
        ("4242:5", "[Contact] Sofia 4915112345678", "", "+4915112345678"),
    ]


def test_groups_bots_and_service_messages_are_nothing_to_us() -> None:
    from_telegram(update(1, chat={"id": -5, "type": "group", "title": "All"}))
    from_telegram(update(2, **{"from": {"id": 9, "is_bot": True, "first_name": "Bot"}}))
    from_telegram({"update_id": 3, "my_chat_member": {}})
    from_telegram({"update_id": 4, "message": {"chat": "nonsense", "from": [], "text": 7}})
    from_telegram(update(5, "", new_chat_members=[]))
    assert chats() == []
    assert set(InboundPayload.objects.values_list("state", flat=True)) == {"ignored"}


def test_no_bot_takes_nothing(settings: Any) -> None:
    settings.TELEGRAM_SECRETS = []
    assert from_telegram(update()).status_code == 404
    assert not InboundPayload.objects.exists()


def test_a_hook_costs_one_statement_and_is_guarded_like_any_answer(django_assert_num_queries: Any) -> None:
    """Nobody who signs in comes this way: no session is looked for, and none is begun."""
    with django_assert_num_queries(1):
        answer = from_telegram(update(7, "The export stops", 4242))
    assert (answer.status_code, answer["X-Frame-Options"], "Vary" in answer) == (200, "DENY", False)
    assert "default-src 'none'" in answer["Content-Security-Policy"]

    secret = {"X-Telegram-Bot-Api-Secret-Token": "told-to-telegram"}
    assert post("/hooks/telegram/", b"{}", secret | {"Host": "elsewhere.example"}).status_code == 400
    assert post("/hooks/telegram/nowhere/", b"{}", secret).status_code == 404
    assert post("/hooks/", b"{}", secret).status_code == 404
    assert InboundPayload.objects.count() == 1
