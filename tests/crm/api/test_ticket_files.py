"""Files that come along with messages, up and down through the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.team.models import User
from crm.tickets.actions.saying import put
from crm.tickets.models import Ticket, TicketFile, TicketMessage
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def ticket(mira: User) -> Ticket:
    account = factories.account(owner=mira)
    return Ticket.objects.create(
        subject="Export", account=account, channel="api", reply_channel="email", requester_handle="s@n.example",
        token="0123456789", asked_at=NOON,
    )  # fmt: skip


def messages(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.pk}/messages/"


def file(name: str = "log.txt", content: bytes = b"it stopped", said: str = "text/plain") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, said)


@pytest.mark.parametrize("kind", ["in", "note"])
def test_files_go_up_with_a_message_and_come_down_as_they_were(api: Any, ticket: Ticket, kind: str) -> None:
    sent = {"kind": kind, "text": "See there.", "files": [file(), file("shot.exe", PNG, "application/x-msdownload")]}
    answer = api.post(messages(ticket), sent, format="multipart")
    assert answer.status_code == 201, answer.content
    told = answer.json()["files"]
    # What it is its first bytes say, and never whoever sent it.
    assert [(one["name"], one["content_type"], one["size"]) for one in told] == [
        ("log.txt", "text/plain", 10), ("shot.exe", "image/png", len(PNG)),
    ]  # fmt: skip
    assert api.get(messages(ticket)).json()["results"][0]["files"] == told
    down = api.get(f"/api/v1/tickets/{ticket.pk}/files/{told[1]['id']}/", headers={"Accept": "image/*"})
    assert (down.status_code, b"".join(down.streaming_content)) == (200, PNG)
    assert down["Content-Disposition"] == 'attachment; filename="shot.exe"'
    assert down["X-Content-Type-Options"] == "nosniff"


def test_the_same_form_sent_again_is_one_message(api: Any, ticket: Ticket) -> None:
    for _ in range(2):
        sent = {"kind": "note", "text": "Once", "files": [file()]}
        assert api.post(messages(ticket), sent, format="multipart", headers={"Idempotency-Key": "k"}).status_code == 201
    other = {"kind": "note", "text": "Once", "files": [file(content=b"other bytes")]}
    assert api.post(messages(ticket), other, format="multipart", headers={"Idempotency-Key": "k"}).status_code == 422
    assert TicketFile.objects.count() == TicketMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "sizes", "said"),
    [
        ("note", [1] * 11, "10 files are the most at once."), ("note", [101], "1.txt is larger than 100"),
        ("in", [60, 60], "Together the files are larger than 100"), ("note", [60, 60], ""), ("in", [50, 50], ""),
        ("note", [100] * 10, ""),
    ],
)  # fmt: skip
def test_as_large_and_as_many_as_on_the_page(
    api: Any, ticket: Ticket, settings: Any, kind: str, sizes: list[int], said: str
) -> None:
    settings.FILE_SIZE_LIMIT = 100
    sent = {"kind": kind, "text": "Look", "files": [file(f"{n}.txt", b"x" * size) for n, size in enumerate(sizes, 1)]}
    answer = api.post(messages(ticket), sent, format="multipart")
    assert answer.status_code == (400 if said else 201), answer.content
    assert said in str(answer.json().get("errors", {}).get("files", ""))
    assert TicketFile.objects.count() == (0 if said else len(sizes))


def test_bodies_are_bounded_before_they_are_read(api: Any, ticket: Ticket, settings: Any) -> None:
    settings.FILE_SIZE_LIMIT = 100
    long = {"kind": "note", "text": "x" * 1_200_000}
    assert api.post(messages(ticket), long).status_code == 413
    assert api.post(messages(ticket), long | {"files": [file()]}, format="multipart").status_code == 413
    assert api.post(messages(ticket), {"kind": "note", "text": "Look", "files": ["log.txt"]}).status_code == 400
    form = {"status": "open"}
    assert api.post(f"/api/v1/tickets/{ticket.pk}/status/", form, format="multipart").status_code == 415
    assert not TicketMessage.objects.exists()


def test_files_are_seen_by_whoever_sees_their_ticket(api: Any, calling: Any, ticket: Ticket, olaf: User) -> None:
    said = TicketMessage.objects.create(ticket=ticket, kind="in", channel="api", text="Look", occurred_at=NOON)
    enclosed = put(said, ContentFile(b"secret", "plan.txt"))
    other = Ticket.objects.create(subject="Other", account=ticket.account, channel="api", asked_at=NOON, token="98765")
    url = f"/api/v1/tickets/{ticket.pk}/files/{enclosed.pk}/"
    assert api.get(url).status_code == 200
    assert api.get(f"/api/v1/tickets/{other.pk}/files/{enclosed.pk}/").status_code == 404
    confined = calling(olaf)
    assert confined.get(url).status_code == 404
    sent = {"kind": "note", "text": "Mine", "files": [file()]}
    assert confined.post(messages(ticket), sent, format="multipart").status_code == 404
    assert calling(olaf, "read").post(messages(ticket), sent, format="multipart").status_code == 403
    assert TicketFile.objects.count() == 1
