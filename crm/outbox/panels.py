"""What mail shows on the pages of others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.http import HttpRequest

from crm.accounts.models import Contact
from crm.outbox import preferring, pressure
from crm.outbox.models import OutboundMessage
from crm.web import clock
from crm.web.composed import Composed

#: Older refusals are history, which the mail page keeps.
LATELY = timedelta(days=90)
_MOST = 20
_SHOWN = 3
_LETTERS = 5


def _held(rows: Any, account_id: int, since: datetime) -> Any:
    return rows.filter(Q(state="skipped") | (Q(state="due") & ~Q(guard="")), account=account_id, planned_for__gt=since)


#: Most customers have none, so most pages ask no more than this.
_any = Composed(
    lambda account, since: _held(OutboundMessage.objects.all(), account, since).values_list("id")[:1], int, datetime
)


def held_back(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """Mail that did not reach the customer lately, or waits, and why."""
    since = clock.now() - LATELY
    if not _any.rows(account.pk, since):
        return None
    rows = _held(OutboundMessage.objects.visible_to(request.user), account.pk, since)
    said = rows.select_related("contact", "template").defer("rendered_body")  # the account is known
    found = list(said.order_by("-planned_for", "-id")[:_MOST])
    if not found:
        return None
    count = f"{_MOST}+" if len(found) == _MOST else str(len(found))
    return {"held": found[:_SHOWN], "held_count": count, "held_one": len(found) == 1}


#: What a badge says of a letter's state, and its tone; those that wait or went say when instead.
_STATES = {"skipped": "warn", "failed": "bad", "uncertain": "bad", "cancelled": ""}


def letters(contact: Contact, request: HttpRequest) -> dict[str, Any] | None:
    """The latest mail to one person, whatever became of it."""
    rows = OutboundMessage.objects.visible_to(request.user).filter(contact=contact)
    found = list(rows.select_related("contact", "template").defer("rendered_body").order_by("-id")[: _LETTERS + 1])
    if not found:
        return None
    lines = [(message, _STATES.get(message.state)) for message in found[:_LETTERS]]
    return {"letters": lines, "more": len(found) > _LETTERS, "account": contact.account}


_WISHED = """
    SELECT 'topic', name, NULL::timestamptz, '', '' FROM crm_topic WHERE slug = ANY(%(slugs)s)
    UNION ALL (
        SELECT 'fact', e.text, e.occurred_at, e.source, coalesce(nullif(u.name, ''), u.email, '')
        FROM crm_timelineentry e LEFT JOIN crm_user u ON u.id = e.actor_id
        WHERE e.contact_id = %(contact)s AND e.kind = ANY(%(kinds)s) ORDER BY e.occurred_at DESC, e.id DESC LIMIT 5)
"""


def wishes(contact: Contact, request: HttpRequest) -> dict[str, Any]:
    """What somebody wants to hear, whether automation rests, and who said so when; one query."""
    now = clock.now()
    kinds = [*preferring.ABOUT_WISHES, pressure.PAUSED, pressure.LIFTED]
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"slugs": contact.refused_topics, "contact": contact.pk, "kinds": kinds}
        cursor.execute(_WISHED, values)
        rows = cursor.fetchall()
    resting, paused = contact.automation_paused_until, contact.mail_paused_until
    return {
        "contact": contact,
        "topics": [name for what, name, *_ in rows if what == "topic"],
        "history": [
            {"text": text, "at": at, "source": source, "by": by}
            for what, text, at, source, by in rows
            if what == "fact"
        ],
        "rests": resting if resting and resting > now else None,
        "paused": paused if paused and paused > now else None,
    }


_BECAME = {
    "sent": "was sent", "due": "is planned", "claimed": "is leaving", "sending": "is leaving",
    "uncertain": "was perhaps sent",
}  # fmt: skip


def said_of(row: Mapping[str, Any]) -> str:
    """An exported message, in words for its reader."""
    subject = f"“{row['rendered_subject']}”" if row["rendered_subject"] else "A message"
    return f"{subject} {_BECAME.get(row['state'], 'was not sent')}"
