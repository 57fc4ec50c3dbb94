"""Requests of the Cloud API, whose signature and messages pywa reads as we do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from pywa import WhatsApp, utils
from pywa.types import Message

from crm.inbox.channels import chat
from crm.inbox.models import InboundPayload
from tests.conftest import NOON
from tests.crm.inbox.chats import from_meta, wa_text, whatsapp
from tests.crm.inbox.test_telegram import chats

pytestmark = pytest.mark.usefixtures("channels")

HANDSHAKE = {"hub.mode": "subscribe", "hub.verify_token": "wa-verify", "hub.challenge": "1158201444"}


def test_the_handshake_gives_the_challenge_back() -> None:
    answer = Client().get("/hooks/whatsapp/", HANDSHAKE)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"1158201444", "text/plain")
    for wrong in ({"hub.verify_token": "ig-verify"}, {"hub.mode": "other"}, {"hub.challenge": ""}):
        assert Client().get("/hooks/whatsapp/", HANDSHAKE | wrong).status_code == 403
    assert not InboundPayload.objects.exists()


def test_each_message_of_a_request_is_one_and_once() -> None:
    request = whatsapp(wa_text("wamid.1", "Hello"), wa_text("wamid.2", "The export stops"))
    assert from_meta("whatsapp", request).status_code == 200
    assert from_meta("whatsapp", request).status_code == 200
    again = whatsapp(wa_text("wamid.2", "The export stops"))  # alone, in another request
    assert from_meta("whatsapp", again).status_code == 200
    found = chats("whatsapp")
    assert [(one.key, one.handle, one.text, one.at, one.name, one.phone) for one in found] == [
        ("wamid.1", "4915112345678", "Hello", NOON, "Sofia", "+4915112345678"),
        ("wamid.2", "4915112345678", "The export stops", NOON, "Sofia", "+4915112345678"),
    ]


def test_pywa_reads_the_same() -> None:
    request = whatsapp(wa_text("wamid.1", "Grüße"))
    from_meta("whatsapp", request)
    body = InboundPayload.objects.get(kind="whatsapp.hook").body
    import hashlib
    import hmac

    signature = "sha256=" + hmac.new(b"wa-secret", bytes(body), hashlib.sha256).hexdigest()
    assert utils.webhook_updates_validator("wa-secret", bytes(body), signature)
    theirs = Message.from_update(WhatsApp(phone_id="777", token="x", server=None), json.loads(bytes(body)))
    (ours,) = chats("whatsapp")
    assert (ours.key, ours.text, ours.handle, ours.name) == (
        theirs.id, theirs.text, theirs.from_user.wa_id, theirs.from_user.name,
    )  # fmt: skip
    assert ours.at == theirs.timestamp


@pytest.mark.parametrize(
    ("kind", "held", "text"),
    [
        ("image", {"id": "1", "caption": "This"}, "[Photo] This"),
        ("audio", {"id": "1", "voice": True}, "[Voice message]"),
        ("document", {"id": "1", "filename": "log.txt"}, "[File log.txt]"),
        ("sticker", {"id": "1"}, "[Sticker]"),
        ("location", {"latitude": 1.5, "longitude": 2, "name": "Pier"}, "[Location] 1.5, 2 Pier"),
        ("button", {"text": "Yes please"}, "Yes please"),
        ("interactive", {"type": "button_reply", "button_reply": {"title": "Monday"}}, "Monday"),
        ("contacts", [{"name": {"formatted_name": "Ola"}}], "[Contact] Ola"),
        ("unsupported", {}, "[Something that is not handed on]"),
        ("reaction", {"emoji": "👍"}, None),
        ("system", {"body": "number changed"}, None),
    ],
)
def test_what_is_no_text_says_what_it_is(kind: str, held: Any, text: str | None) -> None:
    from_meta("whatsapp", whatsapp(wa_text(type=kind) | {kind: held}))
    assert [one.text for one in chats("whatsapp")] == ([text] if text else [])


def test_receipts_are_told_with_what_went_wrong() -> None:
    error = {"code": 131047, "title": "Re-engagement", "error_data": {"details": "24 hours"}}
    failed = {
        "id": "wamid.9", "status": "failed", "timestamp": "1", "recipient_id": "49", "errors": [error],
        "biz_opaque_callback_data": "<h@whatsapp>",
    }  # fmt: skip
    from_meta("whatsapp", whatsapp(statuses=[failed, failed | {"status": "warning"}]))
    assert chats("whatsapp") == []
    (row,) = InboundPayload.objects.filter(kind="chat.receipt")
    said = chat.receipt(row.arrived)
    assert (said.status, said.provider_id, said.message_id, said.reason, said.code) == (
        "failed", "wamid.9", "<h@whatsapp>", "24 hours", "131047",
    )  # fmt: skip


def test_another_number_of_the_same_business_is_somebody_elses() -> None:
    request = whatsapp(wa_text())
    request["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "778"
    from_meta("whatsapp", request)
    assert chats("whatsapp") == []
