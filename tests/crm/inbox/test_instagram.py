"""Messages and comments to our Instagram account."""

from __future__ import annotations

import pytest

from crm.inbox.channels import chat
from crm.inbox.models import InboundPayload
from tests.conftest import NOON
from tests.crm.inbox.chats import from_meta, ig_text, instagram
from tests.crm.inbox.test_telegram import chats

pytestmark = pytest.mark.usefixtures("channels")


def test_messages_come_once_and_ours_that_come_back_are_none() -> None:
    photo = ig_text("mid.2", attachments=[{"type": "image", "payload": {}}], text="This one")
    echo = ig_text("mid.3", is_echo=True) | {"sender": {"id": "900"}}
    deleted, postback = ig_text("mid.4", is_deleted=True), ig_text("mid.5")
    postback["postback"] = {"mid": "mid.5", "title": "Prices"}
    del postback["message"]
    request = instagram(ig_text(), photo, echo, deleted, postback)
    for _ in range(2):
        assert from_meta("instagram", request).status_code == 200
    assert [(one.key, one.handle, one.text, one.at) for one in chats("instagram")] == [
        ("mid.1", "555", "Hello", NOON), ("mid.2", "555", "[Photo] This one", NOON), ("mid.5", "555", "Prices", NOON),
    ]  # fmt: skip


@pytest.mark.parametrize("inside", [True, False])
def test_a_comment_is_public_in_both_forms_and_ours_is_none(inside: bool) -> None:
    value = {"id": "c.1", "from": {"id": "555", "username": "sofia.l"}, "text": "Broken again"}
    request = instagram()
    entry = request["entry"][0]
    for one in (value, value | {"id": "c.2", "from": {"id": "900", "username": "us"}}):
        change = {"field": "comments", "value": one}
        if inside:
            entry["changes"] = [*entry.get("changes", []), change]
        else:
            request["entry"].append({"id": "900", "time": entry["time"], **change})
    from_meta("instagram", request)
    (said,) = chats("instagram")
    assert (said.text, said.name, said.is_public, said.handle) == ("[Comment] Broken again", "sofia.l", True, "555")


def test_a_reading_is_a_receipt_and_another_account_is_nothing() -> None:
    seen = {"sender": {"id": "555"}, "recipient": {"id": "900"}, "timestamp": 1, "read": {"mid": "mid.9"}}
    from_meta("instagram", instagram(seen))
    from_meta("instagram", instagram(ig_text(), account="901"))
    assert chats("instagram") == []
    (row,) = InboundPayload.objects.filter(kind="chat.receipt")
    assert (chat.receipt(row.arrived).status, chat.receipt(row.arrived).provider_id) == ("read", "mid.9")
