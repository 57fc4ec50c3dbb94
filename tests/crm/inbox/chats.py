"""Accounts of ours on each channel, and requests as their providers make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client
from standardwebhooks import Webhook

from crm.inbox import actions
from crm.web import clock
from tests.conftest import NOON

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
SETTINGS: dict[str, Any] = {
    "TELEGRAM_TOKEN": "1:token", "TELEGRAM_SECRETS": ["told-to-telegram"], "TELEGRAM_BOT": "holdfast_bot",
    "WHATSAPP_TOKEN": "wa-token", "WHATSAPP_PHONE_ID": "777", "WHATSAPP_APP_SECRETS": ["wa-secret"],
    "WHATSAPP_VERIFY_TOKEN": "wa-verify", "INSTAGRAM_TOKEN": "ig-token", "INSTAGRAM_ACCOUNT_ID": "900",
    "INSTAGRAM_APP_SECRETS": ["ig-secret"], "INSTAGRAM_VERIFY_TOKEN": "ig-verify",
    "BRIDGES": f"linkedin?secret={SECRET}&secret={OLD_SECRET}&url=https://bridge.example/out",
}  # fmt: skip


def post(path: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
    client = Client(raise_request_exception=False, headers=headers)
    return client.post(path, body, content_type="application/json")  # type: ignore[return-value]


def work() -> None:
    """Handle all that is stored, what it unpacks into included."""
    while actions.work(clock.now()) or actions.fetch(clock.now()):
        pass


def from_telegram(update: str | dict[str, Any], secret: str = "told-to-telegram") -> HttpResponse:
    body = update if isinstance(update, str) else json.dumps(update)
    return post("/hooks/telegram/", body.encode(), {"X-Telegram-Bot-Api-Secret-Token": secret})


def from_meta(source: str, payload: dict[str, Any], secret: str = "") -> HttpResponse:
    body = json.dumps(payload).encode()
    key = secret or {"whatsapp": "wa-secret", "instagram": "ig-secret"}[source]
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return post(f"/hooks/{source}/", body, {"X-Hub-Signature-256": f"sha256={signature}"})


def from_bridge(
    payload: dict[str, Any], key: str = "msg_1", at: datetime = NOON, secret: str = SECRET
) -> HttpResponse:  # fmt: skip
    body = json.dumps(payload)
    signature = Webhook(secret).sign(key, at.astimezone(UTC), body)
    headers = {"webhook-id": key, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    return post("/hooks/bridge/linkedin/", body.encode(), headers)


def update(number: int = 1, text: str = "Hello", chat: int = 4242, message: int = 0, **fields: Any) -> dict[str, Any]:
    """An update of a private chat, as Telegram writes it."""
    said = {
        "message_id": message or number, "date": int(NOON.timestamp()), "text": text,
        "chat": {"id": chat, "type": "private", "first_name": "Sofia"},
        "from": {"id": chat, "is_bot": False, "first_name": "Sofia", "last_name": "Lindqvist"},
    }  # fmt: skip
    return {"update_id": number, "message": said | fields}


def whatsapp(*messages: dict[str, Any], statuses: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A request of the Cloud API with these messages of Sofia's, and receipts."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp", "metadata": {"display_phone_number": "491", "phone_number_id": "777"},
    }  # fmt: skip
    if messages:
        value |= {
            "contacts": [{"wa_id": "4915112345678", "user_id": "DE.1", "profile": {"name": "Sofia"}}],
            "messages": list(messages),
        }
    if statuses:
        value["statuses"] = statuses
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def wa_text(key: str = "wamid.1", text: str = "Hello", **fields: Any) -> dict[str, Any]:
    said = {"id": key, "from": "4915112345678", "timestamp": str(int(NOON.timestamp())), "type": "text"}
    return said | {"text": {"body": text}} | fields


def instagram(*events: dict[str, Any], account: str = "900") -> dict[str, Any]:
    entry = {"id": account, "time": int(NOON.timestamp()), "messaging": list(events)}
    return {"object": "instagram", "entry": [entry]}


def ig_text(key: str = "mid.1", text: str = "Hello", **fields: Any) -> dict[str, Any]:
    return {
        "sender": {"id": "555"}, "recipient": {"id": "900"}, "timestamp": int(NOON.timestamp() * 1000),
        "message": {"mid": key, "text": text, **fields},
    }  # fmt: skip


def bridged(text: str = "Hello", **fields: Any) -> dict[str, Any]:
    said = {"id": "urn:7", "text": text, "at": NOON.isoformat(), "from": {"id": "urn:Sofia", "name": "Sofia"}}
    return {"type": "message.received", "timestamp": NOON.isoformat(), "data": said | fields}
