"""What a webhook says: the fact, whose it is, and nothing secret.

    {"type": "deal.won", "timestamp": "2026-06-01T12:00:00+00:00", "data": {
        "entry": 17, "recorded_at": …, "text": "Deal won: …", "source": "person", "channel": "", "actor": "Mira",
        "url": "https://crm.example/deals/7/", "account": {"id", "external_id", "name"},
        "contact": {"id", "external_id", "name", "email"} or null, "payload": {…}}}

What people wrote (notes, mails, tickets, answers in forms: TEXTS) is left out unless the endpoint asks for texts. Paths
of our own pages are left out too, but for the one that the entry leads to, which is whole in `url`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from crm.timeline.models import TimelineEntry
from crm.web.addresses import address
from crm.web.encoding import dumps

#: Keys of payloads that hold what people wrote, in their own words.
TEXTS = frozenset({"note", "comment", "body", "quote", "said", "differs"})
#: Characters of the sentence that says what happened.
_LONGEST_TEXT = 500


def wrapped(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The body of a request."""
    return dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, ensure_ascii=False)


def body_of(entry: TimelineEntry, *, with_texts: bool) -> str:
    """Of a fact with its account, contact and actor."""
    return wrapped(entry.kind, entry.occurred_at, _data(entry, with_texts=with_texts))


def _data(entry: TimelineEntry, *, with_texts: bool) -> dict[str, Any]:
    account, contact = entry.account, entry.contact
    path = entry.payload.get("open_url") or address("accounts:detail", account.pk)
    return {
        "entry": entry.pk,
        "recorded_at": entry.recorded_at,
        "text": entry.text[:_LONGEST_TEXT],
        "source": entry.source,
        "channel": entry.channel,
        "actor": entry.actor and str(entry.actor),
        "url": f"{settings.BASE_URL}{path}",
        "account": {"id": account.pk, "external_id": account.external_id, "name": account.name},
        "contact": contact
        and {"id": contact.pk, "external_id": contact.external_id, "name": contact.name, "email": contact.email},
        "payload": payload(entry.payload, with_texts=with_texts),
    }


def payload(given: Mapping[str, Any], *, with_texts: bool) -> dict[str, Any]:
    """What of an entry's payload leaves the house."""
    return {
        name: value for name, value in given.items() if not name.endswith("_url") and (with_texts or name not in TEXTS)
    }
