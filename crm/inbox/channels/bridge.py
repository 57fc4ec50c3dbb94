"""Messages by a bridge of one's own: LinkedIn, reviews, mentions, whatever can post a signed webhook.

The body is as Standard Webhooks has it; `data` may be one object or a list of them:

    {"type": "message.received", "timestamp": "2026-06-01T12:00:00Z", "data": {
        "id": "urn:li:msg:7", "text": "Hello", "at": "2026-06-01T11:59:58Z", "kind": "message",
        "from": {"id": "urn:li:person:9", "name": "Sofia", "email": "sofia@nordwind.example", "phone": "+49…"}}}
    {"type": "message.status", "data": {"id": "<webhook-id that was sent>", "status": "delivered", "reason": ""}}

`kind` may also be comment, review or mention, which are shown and open no conversation. E-mail and phone find the
person on record, so a bridge gives them only where its network vouches for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from crm.inbox import actions
from crm.inbox.channels.chat import Chat, Forged, Receipt, number, shown, store, thing, things, words
from crm.slots import Arrived, Handled
from crm.web.bridges import Unsigned, bridges, proven
from crm.web.rules import believable

KIND = "bridge.hook"

_KEY = "webhook-id"
_PUBLIC = {"comment": "Comment", "review": "Review", "mention": "Mention"}


def source(name: str) -> str:
    """Of the payloads of one bridge."""
    return f"bridge:{name}"


def is_open(name: str) -> bool:
    return name in bridges()


def take(name: str, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Store a request. Raises Forged, with nothing stored."""
    try:
        key = proven(bridges()[name].secrets, headers, body, now)
    except Unsigned as error:
        raise Forged(str(error)) from error
    actions.store(source(name), KIND, f"hook:{key}", body, {_KEY: key}, now)


def unpack(arrived: Arrived, now: datetime) -> Handled:
    """Each object of `data` becomes a payload of its own, known by its id, else by its place in the request."""
    said = thing(json.loads(arrived.body))
    data = things(said.get("data")) or [thing(said.get("data"))]
    name = arrived.source.removeprefix(source(""))
    if said.get("type") == "message.status":
        return store(_receipts(data, arrived), arrived.source, now)
    return store(_chats(data, name, arrived) if said.get("type") == "message.received" else [], arrived.source, now)


def _chats(data: list[dict[str, Any]], name: str, arrived: Arrived) -> Iterator[Chat]:
    for place, one in enumerate(data):
        sender, kind = thing(one.get("from")), words(one.get("kind"), 20)
        handle, text = number(sender.get("id")), words(one.get("text"))
        if not handle or not text:
            continue
        url = words(one.get("url"), 500)
        if url.startswith(("https://", "http://")):
            text = f"{text}\n\n{url}"
        yield Chat(
            "bridge", f"{name}:{number(one.get('id')) or f'{arrived.headers.get(_KEY)}:{place}'}", f"{name}:{handle}",
            shown(_PUBLIC[kind], text) if kind in _PUBLIC else text, _moment(one.get("at"), arrived.received_at),
            name=words(sender.get("name"), 120), phone=words(sender.get("phone"), 40),
            email=words(sender.get("email"), 254).lower(), is_public=kind in _PUBLIC,
        )  # fmt: skip


def _receipts(data: list[dict[str, Any]], arrived: Arrived) -> Iterator[Receipt]:
    for one in data:
        its, status = number(one.get("id")), words(one.get("status"), 20)
        if its and status in ("sent", "delivered", "read", "failed"):
            at = _moment(one.get("at"), arrived.received_at)
            yield Receipt("bridge", f"{its}:{status}", status, at, its, reason=words(one.get("reason"), 200))


def _moment(written: Any, came_at: datetime) -> datetime:
    """ISO 8601, UTC where it says no offset."""
    try:
        said = datetime.fromisoformat(words(written, 40))
    except ValueError:
        return came_at
    return believable(said if said.tzinfo else said.replace(tzinfo=UTC), came_at)
