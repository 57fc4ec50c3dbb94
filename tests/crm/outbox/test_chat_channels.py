"""What leaves by Telegram, WhatsApp, Instagram and bridges: through the outbox, by the rules of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import telegram
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from standardwebhooks import Webhook

from crm.accounts.models import Contact
from crm.outbox import policy, receipts, stopping
from crm.outbox.actions import work, work_chats
from crm.outbox.channels import Accepted, Refused, chats
from crm.outbox.channels.telegram import Telegram
from crm.outbox.channels.whatsapp import TEMPLATE
from crm.outbox.mime import Attachment, Envelope
from crm.outbox.models import OutboundMessage, Slice, Suppression
from crm.outbox.sending.fallen import reconcile
from crm.slots import LetterOrigin
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON
from tests.crm.inbox.chats import SECRET
from tests.crm.outbox.conftest import Plan, state_of, trail
from tests.crm.outbox.provider import SILENCE, Provider, point_at, provider

pytestmark = pytest.mark.django_db
HANDLES = {"telegram": "4242", "whatsapp": "4915112345678", "instagram": "555", "bridge": "linkedin:urn:Sofia"}
type Chat = Callable[..., OutboundMessage]


@pytest.fixture
def other_side(settings: Any) -> Iterator[Provider]:
    with provider() as stands:
        point_at(settings, stands)
        yield stands


@pytest.fixture
def chat(plan: Plan) -> Chat:
    """chat(channel, …): a reply that is due at NOON, to nobody on record unless one is named."""

    def make(channel: str = "telegram", contact: Contact | None = None, **fields: Any) -> OutboundMessage:
        facts = {"category": "reply", "channel": channel, "addressed_to": HANDLES[channel], "body": "It is **lifted**."}
        return plan(contact, **{**facts, **fields})

    return make


def again(message: OutboundMessage) -> OutboundMessage:
    return OutboundMessage.objects.get(pk=message.pk)


def test_telegram_gets_one_call_as_its_own_library_makes_it(other_side: Provider, chat: Chat, anna: Contact) -> None:
    message = chat(contact=anna)
    assert work_chats(NOON) == 1
    (got,) = other_side.got
    assert (got.path, got.json) == ("/bot1:token/sendMessage", {"chat_id": "4242", "text": "It is **lifted**."})
    message = again(message)
    assert (message.state, message.provider_id, message.to_address) == ("sent", "1", "4242")
    entry = TimelineEntry.objects.get(contact=anna)
    assert (entry.kind, entry.channel) == ("chat.sent", "telegram")
    assert work_chats(NOON) == 0

    async def theirs() -> None:
        async with telegram.Bot("1:token", base_url=f"{other_side.url}/bot") as bot:
            await bot.send_message(4242, "It is **lifted**.")

    # In a thread of its own: a browser of another test may keep a loop running in this one.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(theirs())).result()
    assert other_side.got[-1].path == got.path


def test_the_others_get_what_they_want(other_side: Provider, chat: Chat) -> None:
    wa, ig, bridge = (chat(channel, body="It is lifted.") for channel in ("whatsapp", "instagram", "bridge"))
    while work_chats(NOON):
        pass
    got = {one.path: one for one in other_side.got}
    assert got["/777/messages"].json == {
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "4915112345678", "type": "text",
        "text": {"preview_url": False, "body": "It is lifted."}, "biz_opaque_callback_data": again(wa).message_id,
    }  # fmt: skip
    assert got["/777/messages"].headers["authorization"] == "Bearer wa-token"
    assert got["/900/messages"].json == {"recipient": {"id": "555"}, "message": {"text": "It is lifted."}}
    assert got["/900/messages"].headers["authorization"] == "Bearer ig-token"
    said = got["/out"].json
    assert (said["type"], said["data"]["to"], said["data"]["text"]) == ("message.send", "urn:Sofia", "It is lifted.")
    assert got["/out"].headers["webhook-id"] == again(bridge).provider_id
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("standardwebhooks.webhooks.datetime", _AtNoon)
        Webhook(SECRET).verify(got["/out"].body, got["/out"].headers)
    assert {again(one).state for one in (wa, ig, bridge)} == {"sent"}


class _AtNoon:
    """The library reads the machine's clock."""

    from datetime import datetime as _real

    fromtimestamp = _real.fromtimestamp

    @staticmethod
    def now(tz: Any = None) -> Any:
        return NOON


@pytest.mark.parametrize(
    ("channel", "status", "said", "state", "until"),
    [
        ("telegram", 429, {"parameters": {"retry_after": 90}}, "due", timedelta(seconds=90)),
        ("telegram", 400, {"description": "chat not found"}, "failed", None),
        ("telegram", 403, {"description": "Forbidden: bot was blocked by the user"}, "failed", None),
        ("telegram", 401, {}, "due", None),
        ("telegram", 500, {}, "uncertain", None),
        ("telegram", SILENCE, {}, "uncertain", None),
        ("whatsapp", 400, {"error": {"code": 131047}}, "failed", None),
        ("whatsapp", 400, {"error": {"code": 131056}}, "due", None),
        ("whatsapp", 401, {"error": {"code": 190}}, "due", None),
        ("whatsapp", 500, {"error": {"code": 2}}, "uncertain", None),
        ("instagram", 400, {"error": {"code": 10, "error_subcode": 2534022}}, "failed", None),
        ("instagram", 400, {"error": {"code": 190}}, "due", None),
        ("bridge", 410, {}, "failed", None),
        ("bridge", 302, {}, "failed", None),
        ("bridge", SILENCE, {}, "due", None),  # it knows the message again
    ],
)
def test_what_an_answer_means(
    other_side: Provider, chat: Chat, channel: str, status: int, said: Any, state: str, until: timedelta | None
) -> None:
    message = chat(channel)
    other_side.answers = [(status, said)]
    work_chats(NOON)
    found = again(message)
    assert found.state == state, found.reason
    assert len(other_side.got) == 1
    if until:
        assert found.due_at == NOON + until
    if state in ("failed", "uncertain"):
        work_chats(NOON + timedelta(hours=2))
        assert len(other_side.got) == 1  # nothing goes again by itself


def test_whoever_blocked_us_gets_nothing_until_they_write(other_side: Provider, chat: Chat) -> None:
    other_side.answers = [(403, {"description": "bot was blocked"})]
    chat(key="first")
    work_chats(NOON)
    assert Suppression.objects.get().address == "telegram:4242"
    second = chat(key="second")
    whatsapp = chat("whatsapp", key="third", addressed_to="4242")
    while work_chats(NOON):
        pass
    assert (state_of(second), trail(second)[-1]) == ("skipped", ("skipped", "suppression"))
    assert state_of(whatsapp) == "sent"  # the same number elsewhere is somebody else


def test_a_channel_that_is_away_keeps_no_other(other_side: Provider, chat: Chat, settings: Any) -> None:
    settings.TELEGRAM_API_URL = "http://127.0.0.1:1"
    away, there = chat("telegram"), chat("instagram")
    while work_chats(NOON):
        pass
    assert (state_of(away), state_of(there)) == ("due", "sent")
    assert "cannot be reached" in again(away).reason or again(away).attempts_limit > 5


@pytest.mark.parametrize(
    "forbid",
    [
        lambda: policy.redirect_to("tests@us.example", NOON),
        lambda: policy.hold(),
        lambda: policy.throw("all", "", NOON),
        lambda: policy.throw("channel:telegram", "", NOON),
    ],
)
def test_what_is_stopped_or_tried_out_reaches_nobody(
    other_side: Provider, chat: Chat, forbid: Callable[[], object]
) -> None:
    message = chat()
    forbid()
    assert work_chats(NOON) == 0
    assert work(NOON) == 0
    assert (state_of(message), other_side.got) == ("due", [])
    assert OutboundMessage.objects.filter(stopping.now_thrown().covered()).exists()
    policy.lift("all", NOON)
    policy.lift("channel:telegram", NOON)
    policy.go_live(NOON)
    assert work_chats(NOON) == 1
    assert state_of(message) == "sent"


def test_mail_and_chats_need_each_other_not(
    other_side: Provider, chat: Chat, plan: Plan, anna: Contact, settings: Any, folder: Any
) -> None:
    mail, message = plan(anna, category="reply"), chat()
    settings.TELEGRAM_TOKEN = ""
    assert (work_chats(NOON), work(NOON)) == (0, 1)
    assert (state_of(mail), state_of(message)) == ("sent", "due")
    assert stopping.now_thrown().because("Telegram") == "Telegram is not set up."
    settings.TELEGRAM_TOKEN, settings.EMAIL_URL = "1:token", ""
    assert (work_chats(NOON), state_of(message)) == (1, "sent")
    assert stopping.now_thrown().because("default") == stopping.NO_WAY_OUT


def test_what_a_dead_sender_held_goes_again_only_where_it_is_known_again(chat: Chat, settings: Any) -> None:
    kept = {channel: chat(channel) for channel in ("telegram", "bridge")}
    OutboundMessage.objects.update(state="sending", sending_at=NOON, lease_until=NOON, attempts=1)
    Slice.objects.all().delete()
    reconcile(NOON + timedelta(minutes=1), timedelta(hours=24))  # mail would go again
    assert {name: state_of(one) for name, one in kept.items()} == {"telegram": "uncertain", "bridge": "due"}


def test_the_pace_of_a_channel_is_its_own(other_side: Provider, chat: Chat) -> None:
    from crm.outbox.models import Sender

    messages = [chat(key=f"k{number}") for number in range(3)]
    Sender.objects.filter(name="Telegram").update(per_minute=2)
    while work_chats(NOON):
        pass
    assert sorted(state_of(one) for one in messages) == ["due", "sent", "sent"]
    assert len(other_side.got) == 2


# One file, templates, limits ------------------------------------------------------------------------------------------


def envelope(text: str, *files: Attachment, **headers: str) -> Envelope:
    return Envelope("k", "<h@x>", "", "", "4242", "", text, "", NOON, headers, files)


def test_telegram_takes_one_file_with_its_text(other_side: Provider) -> None:
    name = default_storage.save("t/log.txt", ContentFile(b"boom"))
    file = Attachment('lo"g\r\n.txt', "text/plain", name)
    assert isinstance(Telegram().send(envelope("See", file)), Accepted)
    (got,) = other_side.got
    assert got.path == "/bot1:token/sendDocument"
    assert b'name="caption"\r\n\r\nSee\r\n' in got.body
    assert b'filename="lo\'g .txt"\r\nContent-Type: text/plain\r\n\r\nboom\r\n' in got.body
    assert isinstance(Telegram().send(envelope("See", file, file)), Refused)


def test_whatsapp_sends_a_template_when_it_is_told_to(other_side: Provider) -> None:
    answer = chats.WAYS["whatsapp"].open().send(envelope("It is\nlifted.", **{TEMPLATE: "answer:de"}))
    assert isinstance(answer, Accepted)
    assert other_side.got[0].json["template"] == {
        "name": "answer", "language": {"code": "de"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "It is lifted."}]}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "fits"),
    [("telegram", "😀" * 2048), ("whatsapp", "ä" * 4096), ("instagram", "ä" * 500), ("bridge", "x" * 20_000)],
    ids=["telegram", "whatsapp", "instagram", "bridge"],
)
def test_each_takes_so_much_and_no_more(other_side: Provider, channel: str, fits: str) -> None:
    way = chats.WAYS[channel]
    assert way.objection(fits, []) == ""
    over = 2 if channel in ("telegram", "instagram") else 1
    assert f"this has {over} too many" in way.objection(fits + fits[0], [])
    if channel != "bridge":
        assert isinstance(way.open().send(envelope(fits + fits[0])), Refused)
    assert other_side.got == []


def test_some_take_a_file_and_one(settings: Any) -> None:
    assert {name for name, way in chats.WAYS.items() if way.objection("x", [1000]) == ""} == {"telegram", "whatsapp"}
    assert "one file of up to 5 MB" in chats.WAYS["telegram"].objection("x", [1, 1])
    assert "1,024 characters beside a file" in chats.WAYS["telegram"].objection("x" * 1025, [1])
    assert "Files cannot be sent by Instagram from here. Send a link" in chats.WAYS["instagram"].objection("x", [1])


# What a provider says later -------------------------------------------------------------------------------------------


def test_receipts_are_noted_once_and_a_failure_is_one(other_side: Provider, chat: Chat, anna: Contact) -> None:
    message = chat("whatsapp", anna)
    work_chats(NOON)
    for status in ("sent", "delivered", "read", "delivered", "read"):
        receipts.received("whatsapp", status, NOON, NOON, provider_id="wamid.out1")
    assert [verdict for verdict, _ in trail(message)][-3:] == ["sent", "delivered", "read"]
    receipts.received("whatsapp", "failed", NOON, NOON, provider_id="wamid.out1", reason="gone")
    found = again(message)
    assert (found.state, found.reason) == ("failed", "WhatsApp could not deliver it: gone")
    assert TimelineEntry.objects.filter(contact=anna, kind="chat.failed").count() == 1
    assert receipts.received("whatsapp", "read", NOON, NOON, provider_id="wamid.other") is None
    assert receipts.received("telegram", "read", NOON, NOON, provider_id="wamid.out1") is None


def test_a_receipt_ends_the_doubt(other_side: Provider, chat: Chat) -> None:
    message = chat("whatsapp")
    other_side.answers = [(SILENCE, {})]
    work_chats(NOON)
    assert state_of(message) == "uncertain"
    name = again(message).message_id
    receipts.received("whatsapp", "delivered", NOON, NOON, provider_id="wamid.7", message_id=name)
    assert (state_of(message), again(message).provider_id) == ("sent", "wamid.7")
    OutboundMessage.objects.update(state="sending")
    with pytest.raises(receipts.NotYet):
        receipts.received("whatsapp", "read", NOON, NOON, provider_id="wamid.7")


def test_an_origin_that_encloses_files_is_asked(other_side: Provider, chat: Chat) -> None:
    from crm import slots
    from crm.slots import Enclosed

    name = default_storage.save("t/a.txt", ContentFile(b"abc"))
    origin = LetterOrigin(lambda message: Enclosed(files=[("a.txt", "text/plain", name)]), lambda message, at: None)
    message = chat(origin="nobody", origin_id=1)
    with slots.letter_origins.temporarily("nobody", origin):
        work_chats(NOON)
    assert (state_of(message), other_side.got[0].path) == ("sent", "/bot1:token/sendDocument")
