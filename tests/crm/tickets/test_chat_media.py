"""Photos, voices and files of chats: fetched by the worker, kept with their message, or named with the reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import telegram
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client

from crm.inbox import actions
from crm.inbox.channels import media
from crm.inbox.models import InboundPayload
from crm.inbox.rules import MAX_TRIES, retry_after
from crm.team.models import User
from crm.tickets.channels import media as chat_media
from crm.tickets.channels.media import fetch_again
from crm.tickets.models import Ticket, TicketFile, TicketMessage
from crm.web import clock
from crm.web.locks import alone
from tests.conftest import NOON
from tests.crm.inbox.chats import from_meta, from_telegram, ig_text, instagram, update, wa_text, whatsapp, work
from tests.crm.outbox.provider import Cut, Provider

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("other_side")]
JPEG = b"\xff\xd8\xff\xe0photo"


def kept() -> list[tuple[str, str, bytes]]:
    rows = TicketFile.objects.order_by("pk")
    return [(one.name, one.content_type, default_storage.open(one.stored_as).read()) for one in rows]


def a_photo() -> dict[str, Any]:
    """As Telegram's own library writes it: in two sizes."""
    sizes = [
        telegram.PhotoSize(f"{name}-id", name, side, side, file_size=side) for name, side in (("s", 90), ("l", 800))
    ]
    private = telegram.Chat(4242, "private")
    sender = telegram.User(4242, "Sofia", False)
    said = telegram.Message(1, NOON, private, from_user=sender, photo=sizes, caption="See here")
    return telegram.Update(1, message=said).to_dict()


def found(**more: Any) -> tuple[int, Any]:
    return 200, {"ok": True, "result": {"file_id": "l-id", "file_path": "photos/file_0.jpg", **more}}


def test_a_photo_of_telegram(other_side: Provider) -> None:
    other_side.answers = [found(), (200, JPEG)]
    from_telegram(a_photo())
    assert other_side.got == []  # the webhook asked nobody
    work()
    assert [one.path for one in other_side.got] == [
        "/bot1:token/getFile?file_id=l-id",
        "/file/bot1:token/photos/file_0.jpg",
    ]
    message = TicketMessage.objects.get()
    assert (message.text, message.files.get().message) == ("[Photo] See here", message)
    assert kept() == [("photo.jpg", "image/jpeg", JPEG)]
    from_telegram(a_photo() | {"update_id": 2})  # the same message in another update
    payload = InboundPayload.objects.get(kind="chat.medium")
    actions.replay(payload.pk, User.objects.create_user("x@example.com", None, name="X", role="admin"), NOON)
    other_side.answers = [found(), (200, JPEG)]
    work()
    assert len(kept()) == 1


def test_a_document_of_whatsapp(other_side: Provider) -> None:
    other_side.answers = [(200, {"url": f"{other_side.url}/media/1", "file_size": 5}), (200, JPEG)]
    from_meta("whatsapp", whatsapp(wa_text(
        type="document", document={"id": "77", "filename": "scan.jpg", "mime_type": "image/jpeg", "caption": "Here"},
    )))  # fmt: skip
    work()
    assert [(one.path, one.headers["authorization"]) for one in other_side.got] == [
        ("/77", "Bearer wa-token"), ("/media/1", "Bearer wa-token"),
    ]  # fmt: skip
    assert kept() == [("scan.jpg", "image/jpeg", JPEG)]


def test_a_voice_and_a_photo_of_instagram(other_side: Provider) -> None:
    other_side.answers = [(200, JPEG), (200, JPEG)]
    attached = [{"type": kind, "payload": {"url": f"{other_side.url}/{kind}"}} for kind in ("audio", "image", "share")]
    from_meta("instagram", instagram(ig_text(text="", attachments=attached)))
    work()
    assert [one.path for one in other_side.got] == ["/audio", "/image"]
    assert "authorization" not in other_side.got[0].headers
    assert [name for name, _, _ in kept()] == ["voice message.jpg", "photo.jpg"]


def test_nothing_is_held_while_it_is_fetched(other_side: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction of the worker waits for a network: the test's own is the only one."""
    depths: list[int] = []
    call = media.call

    def watched(*args: Any, **more: Any) -> Any:
        depths.append(len(connection.savepoint_ids))
        return call(*args, **more)

    monkeypatch.setattr(media, "call", watched)
    other_side.answers = [found(), (200, JPEG)]
    from_telegram(a_photo())
    work()
    assert depths == [0, 0]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([found(file_size=21 * 1024 * 1024)], "It is larger than 20.0"),
        ([found(), (200, b"x" * 2001)], "It is larger than 2.0"),
        ([(400, {"ok": False})], "Telegram did not give it out (400)."),
        ([(200, {"ok": True, "result": {}})], "Telegram does not say where it lies."),
    ],
)
def test_what_cannot_be_fetched_is_named_with_the_reason(
    other_side: Provider, monkeypatch: pytest.MonkeyPatch, answers: list[Any], reason: str
) -> None:
    if len(answers) == 2:
        monkeypatch.setattr(media, "LARGEST", 2000)
    other_side.answers = answers
    from_telegram(a_photo())
    work()
    payload = InboundPayload.objects.get(kind="chat.medium")
    (lost,) = TicketMessage.objects.get().lacking
    assert (lost["payload"], lost["label"]) == (payload.pk, "Photo")
    assert lost["why"].startswith(reason)
    assert (kept(), payload.state) == ([], "ignored")


def test_a_silence_is_tried_again_and_named_at_the_end(other_side: Provider) -> None:
    other_side.answers = [(503, {})] * MAX_TRIES
    from_telegram(a_photo())
    work()
    payload = InboundPayload.objects.get(kind="chat.medium")
    assert (payload.state, payload.tries) == ("new", 1)
    now = NOON
    for tries in range(1, MAX_TRIES):
        assert TicketMessage.objects.get().lacking[0]["why"] == ""
        now += retry_after(tries)
        with clock.travelling(now):
            work()
    message = TicketMessage.objects.get()
    assert message.lacking[0]["why"] == "Telegram did not give it out (503)."
    payload.refresh_from_db()
    assert payload.state == "ignored"
    # Whoever has it fetched again when Telegram is back gets it.
    by = User.objects.create_user("x@example.com", None, name="X", role="agent")
    assert fetch_again(message, by, now) == 1
    assert (TicketMessage.objects.get().lacking[0]["why"], fetch_again(message, by, now)) == ("", 0)
    other_side.answers = [found(), (200, JPEG)]
    with clock.travelling(now):
        work()
    assert (len(kept()), TicketMessage.objects.get().lacking) == (1, [])


def test_a_provider_that_is_slow_holds_up_nothing_else(other_side: Provider) -> None:
    """What came in is all handled while files wait; those that failed stand behind those never tried."""
    from_telegram(a_photo())
    other_side.answers = [(503, {})]
    work()
    from_telegram(update(2, "And now?"))
    from_telegram(a_photo() | {"update_id": 3, "message": a_photo()["message"] | {"message_id": 3}})
    with clock.travelling(NOON + retry_after(1)):
        while actions.work(clock.now()):
            pass
        assert [one.text for one in TicketMessage.objects.order_by("pk")][1:] == ["And now?", "[Photo] See here"]
        assert (len(other_side.got), InboundPayload.objects.filter(state="new", fetches=True).count()) == (1, 2)
        with alone("inbox files"), ThreadPoolExecutor(1) as elsewhere:  # another process is at it
            assert elsewhere.submit(_fetched_elsewhere).result() == 0
        other_side.answers = [found(), (200, JPEG), (503, {})]
        assert actions.fetch(clock.now()) == 2
    assert TicketFile.objects.get().message.text == "[Photo] See here"
    assert TicketFile.objects.get().message.lacking == []


def _fetched_elsewhere() -> int:
    try:
        return actions.fetch(NOON)
    finally:
        connection.close()


def test_a_sender_gets_so_much_fetched_a_day_and_more_when_asked(
    other_side: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_media, "MOST_FILES", 1)
    other_side.answers = [found(), (200, JPEG)]
    from_telegram(a_photo())
    from_telegram(a_photo() | {"update_id": 2, "message": a_photo()["message"] | {"message_id": 2}})
    work()
    second = TicketMessage.objects.latest("pk")
    assert (len(other_side.got), len(kept())) == (2, 1)  # nobody was asked for the second one
    assert second.lacking[0]["why"].startswith("More than 1 files")
    other_side.answers = [found(), (200, JPEG)]
    fetch_again(second, User.objects.create_user("x@example.com", None, name="X", role="agent"), NOON)
    work()
    second.refresh_from_db()
    assert (second.lacking, second.files.count(), len(kept())) == ([], 1, 2)
    tomorrow = a_photo()["message"] | {"message_id": 3, "date": int(NOON.timestamp()) + 86_400}
    other_side.answers = [found(), (200, JPEG)]
    with clock.travelling(NOON + timedelta(days=1)):
        from_telegram({"update_id": 3, "message": tomorrow})
        work()
    assert len(kept()) == 3


def test_whoever_dies_while_it_is_fetched_loses_nothing(other_side: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """Nothing catches it."""

    def dies(*args: Any, **more: Any) -> Any:
        raise Killed

    call = media.call
    monkeypatch.setattr(media, "call", dies)
    from_telegram(a_photo())
    with pytest.raises(Killed):
        work()
    monkeypatch.setattr(media, "call", call)
    assert actions.fetch(NOON) == 0  # it rests, lest it kill one after the other
    other_side.answers = [found(), (200, JPEG)]
    with clock.travelling(NOON + retry_after(1)):
        work()
    assert (len(kept()), TicketMessage.objects.get().lacking) == (1, [])


def test_the_page_says_what_is_coming_and_gets_it_by_looking(other_side: Provider, client: Client, sam: User) -> None:
    client.force_login(sam)
    from_telegram(a_photo())
    while actions.work(NOON):
        pass
    message = TicketMessage.objects.get()
    page = client.get(f"/tickets/{message.ticket_id}/").content.decode()
    assert "Photo is being fetched" in page
    asked = {"after": message.pk, "mark": message.ticket.updated_at.isoformat(), "waiting": message.pk}
    other_side.answers = [(400, {})]
    with clock.travelling(NOON + timedelta(seconds=5)):
        work()
        look = client.post(f"/tickets/{message.ticket_id}/presence/", asked).content.decode()
        assert "could not be fetched. Telegram did not give it out (400)." in look
        assert "Fetch again" in look
        path = f"/tickets/{message.ticket_id}/messages/{message.pk}/fetching/"
        assert client.get(path).status_code == 405
        assert client.post(path).status_code == 302
        other_side.answers = [found(), (200, JPEG)]
        work()
        look = client.post(f"/tickets/{message.ticket_id}/presence/", asked).content.decode()
    assert f'id="files-{message.pk}" hx-swap-oob="true"' in look
    assert "photo.jpg" in look
    assert "could not be fetched" not in look


def test_half_a_photo_is_none(other_side: Provider) -> None:
    other_side.answers = [found(), (200, Cut(JPEG))]
    from_telegram(a_photo())
    work()
    assert (kept(), InboundPayload.objects.get(kind="chat.medium").state) == ([], "new")
    other_side.answers = [found(), (200, JPEG)]
    with clock.travelling(NOON + retry_after(1)):
        work()
    assert [content for _, _, content in kept()] == [JPEG]


def test_the_key_goes_nowhere_else(other_side: Provider) -> None:
    other_side.answers = [(200, {"url": "http://elsewhere.example/media/1"})]
    from_meta("whatsapp", whatsapp(wa_text(type="image", image={"id": "77"})))
    work()
    assert [one.path for one in other_side.got] == ["/77"]
    assert "does not say where it lies" in TicketMessage.objects.get().lacking[0]["why"]


def test_an_edited_caption_fetches_nothing_again(other_side: Provider) -> None:
    other_side.answers = [found(), (200, JPEG)]
    from_telegram(a_photo())
    work()
    edited = a_photo()["message"] | {"edit_date": int(NOON.timestamp()), "caption": "See there"}
    from_telegram({"update_id": 3, "edited_message": edited})
    work()
    assert len(other_side.got) == 2
    assert Ticket.objects.get().messages.count() == 2


def test_what_lies_about_is_no_file(other_side: Provider) -> None:
    """Anything may stand in a request that is signed."""
    for number, part in enumerate(({"photo": "x"}, {"voice": {"file_id": 7}}, {"document": []}), 1):
        from_telegram(update(number, text="", **part))
    from_meta("whatsapp", whatsapp(wa_text(type="image", image="x")))
    from_meta("instagram", instagram(ig_text(text="x", attachments=[{"type": "image", "payload": "x"}, "y"])))
    work()
    assert not InboundPayload.objects.filter(kind="chat.medium").exists()
    assert not InboundPayload.objects.filter(state="failed").exists()
