"""Requests that do not prove whose they are: refused, with nothing kept."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from crm.inbox.channels.chat import MOST_BYTES
from crm.inbox.models import InboundPayload
from tests.conftest import NOON
from tests.crm.inbox.chats import SECRET, bridged, ig_text, instagram, post, update, wa_text, whatsapp

pytestmark = pytest.mark.usefixtures("channels")

BODIES: dict[str, dict[str, Any]] = {
    "telegram": update(), "whatsapp": whatsapp(wa_text()), "instagram": instagram(ig_text()),
    "bridge/linkedin": bridged(),
}  # fmt: skip
#: What each is signed with, and what another one is.
OWN = {"whatsapp": "wa-secret", "instagram": "ig-secret"}


def signed(channel: str, body: bytes, how: str, number: int) -> dict[str, str]:
    """Headers that are right but for one thing."""
    wrong = f"wrong-{number}"
    if channel == "telegram":
        secret = {"wrong": wrong, "other": "wa-verify"}.get(how, "told-to-telegram")
        return {} if how == "missing" else {"X-Telegram-Bot-Api-Secret-Token": secret}
    if channel in OWN:
        other = OWN["instagram" if channel == "whatsapp" else "whatsapp"]
        secret = {"wrong": wrong, "other": other}.get(how, OWN[channel])
        mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return {} if how == "missing" else {"X-Hub-Signature-256": f"sha256={mac}"}
    at = NOON - timedelta(seconds=301 + number) if how == "old" else NOON
    key = {"wrong": b"w" * 31 + bytes([number]), "other": b"wa-secret" * 3}.get(how)
    signature = (Webhook(key) if key else Webhook(SECRET)).sign("msg_1", at.astimezone(UTC), body.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    missing = list(headers)[number % 3]
    return {name: value for name, value in headers.items() if how != "missing" or name != missing}


#: Neither Telegram nor Meta signs the moment, and Telegram not the body: what comes twice is known by its id.
HOWS = {
    "telegram": ("wrong", "missing", "other"), "whatsapp": ("wrong", "missing", "other", "altered"),
    "instagram": ("wrong", "missing", "other", "altered"),
    "bridge/linkedin": ("wrong", "missing", "other", "altered", "old"),
}  # fmt: skip


@pytest.mark.parametrize(("channel", "how"), [(channel, how) for channel, hows in HOWS.items() for how in hows])
def test_what_proves_nothing_is_refused(channel: str, how: str) -> None:
    body = json.dumps(BODIES[channel]).encode()
    for number in range(20):
        headers = signed(channel, body, how, number)
        sent = body.replace(b"Hello", b"Hallo") if how == "altered" else body
        assert post(f"/hooks/{channel}/", sent, headers).status_code == 403
    assert not InboundPayload.objects.exists()
    assert post(f"/hooks/{channel}/", body, signed(channel, body, "right", 0)).status_code == 200


@pytest.mark.parametrize("channel", list(BODIES))
def test_what_is_too_large_is_refused_before_anybody_looks(channel: str) -> None:
    body = b'{"x": "' + b"a" * MOST_BYTES + b'"}'
    assert post(f"/hooks/{channel}/", body, signed(channel, body, "right", 0)).status_code == 413
    assert not InboundPayload.objects.exists()


def test_no_such_bridge_is_none() -> None:
    body = json.dumps(bridged()).encode()
    assert post("/hooks/bridge/other/", body, signed("bridge/linkedin", body, "right", 0)).status_code == 404
