"""The verbs of the outbox: keep a template, plan messages, close the gate, send what is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from crm.outbox import rendering
from crm.outbox.approving import tell as tell_approvers
from crm.outbox.models import MailPolicy, MailTemplate, OutboundMessage, Sender
from crm.outbox.rendering import TemplateError
from crm.outbox.rules import MAX_ATTEMPTS
from crm.outbox.sending import next_chat, next_due, work, work_chats
from crm.web import clock
from crm.web.encoding import dumps

__all__ = [
    "Draft", "TemplateError", "close_the_gate", "enqueue", "gate_closed", "next_chat", "next_due", "template", "work",
    "work_chats",
]  # fmt: skip


def template(subject: str, body: str) -> int:
    """The id of the immutable template with this content, kept now if it is new. Raises TemplateError."""
    rendering.check(subject, body)
    digest = MailTemplate.digest_of(subject, body)
    found = MailTemplate.objects.filter(digest=digest).values_list("id", flat=True).first()
    if found is None:
        MailTemplate.objects.bulk_create(
            [MailTemplate(digest=digest, subject=subject, body=body)], ignore_conflicts=True
        )
        found = MailTemplate.objects.values_list("id", flat=True).get(digest=digest)
    return found


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to plan. Its reader is a contact or one of our users; `key` is unique for good.

    `addressed_to` is the address, or on other channels the handle, that it goes to; blank: its reader's own. With it
    nobody on record needs to read it.

    Without `account_id` it belongs to the contact's account.

    `origin` and `origin_id` name who made it (see `slots.explainers`) and which row of theirs. After `expires_at` the
    message is not sent any more. `series` is what it is one of many of, such as a workflow's slug, and
    `topic` the slug of what it is about, which its reader may have refused.

    `needs_approval_by` is the id of who must say yes before it may leave, ANY_ADMIN: nobody in particular.
    """

    key: str
    category: str  # OutboundMessage.Category
    template_id: int
    due_at: datetime
    account_id: int | None = None
    contact_id: int | None = None
    user_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    origin: str = ""
    origin_id: int | None = None
    sender_id: int | None = None
    channel: str = "email"
    series: str = ""
    addressed_to: str = ""
    topic: str = ""
    needs_approval_by: int | None = None


#: For `needs_approval_by`: an admin reads it, as nobody is named who could.
ANY_ADMIN = 0


_INSERT = """
    INSERT INTO crm_outboundmessage
        (key, category, template_id, due_at, planned_for, account_id, contact_id, user_id, facts, expires_at, origin,
        origin_id, sender_id, channel, series, addressed_to, topic, approver_id, state, attempts,
        attempts_limit, created_at, to_address, reason, guard, message_id, provider_id, rendered_subject, rendered_body)
    SELECT d.key, category, template_id, due_at, due_at, coalesce(d.account_id, c.account_id), contact_id, user_id,
        facts, expires_at, origin, origin_id, sender_id, channel, series, addressed_to, topic,
        nullif(needs_approval_by, 0), CASE WHEN needs_approval_by IS NULL THEN 'due' ELSE 'asked' END, 0,
        %(limit)s, %(now)s, '', '', '', '', '', '', ''
    FROM ROWS FROM (jsonb_to_recordset(%(drafts)s) AS (
        key text, category text, template_id bigint, due_at timestamptz, account_id bigint, contact_id bigint,
        user_id bigint, facts jsonb, expires_at timestamptz, origin text, origin_id bigint, sender_id bigint,
        channel text, series text, addressed_to text, topic text, needs_approval_by bigint)) WITH ORDINALITY AS d
    LEFT JOIN crm_contact c ON c.id = d.contact_id
    ORDER BY ordinality
    ON CONFLICT (key) DO NOTHING
    RETURNING key, id
"""

_COLUMNS = tuple(part.name for part in fields(Draft))

#: About 2 MB of drafts in one statement.
BATCH = 1000


def enqueue(drafts: Sequence[Draft], *, now: datetime | None = None) -> dict[str, int]:
    """Plan messages in the caller's transaction; returns ids by key. A known key keeps its old row.

    Ids rise as the drafts stand, so that of two that are due at the same moment the first leaves first.
    """
    moment = now or clock.now()
    ids: dict[str, int] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(drafts), BATCH):
            batch = drafts[start : start + BATCH]
            rows = Jsonb([_values(draft) for draft in batch], dumps=dumps)
            values: dict[str, Any] = {"drafts": rows, "now": moment, "limit": MAX_ATTEMPTS}
            cursor.execute(_INSERT, values)
            fresh = dict(cursor.fetchall())
            ids.update(fresh)
            tell_approvers(
                {one.needs_approval_by for one in batch if one.needs_approval_by and one.key in fresh}, moment
            )
            if known := [draft.key for draft in batch if draft.key not in ids]:
                cursor.execute("SELECT key, id FROM crm_outboundmessage WHERE key = ANY(%s)", [known])
                ids.update(cursor.fetchall())
    return ids


def _values(draft: Draft) -> dict[str, Any]:
    """Its columns. What is no mail has a sender of its channel, which counts how much leaves there."""
    values = {name: getattr(draft, name) for name in _COLUMNS}
    if draft.channel != OutboundMessage.MAIL and draft.sender_id is None:
        values["sender_id"] = Sender.of_channel(draft.channel).pk
    return values


def close_the_gate() -> MailPolicy:
    """Hold the policy row in the caller's transaction: nothing that the transaction forbids leaves after its commit.

    Senders hold the same row FOR SHARE while they clear or hand over, take it before any other row, and wait for none;
    whoever closes the gate must take it first too, and waits no longer than for the senders that hold it just then.
    Each closing is a new version of the row, so what was cleared before it is cleared again.
    """
    policy = MailPolicy.the_only(locked=True)
    policy.revision += 1
    policy.save(update_fields=["revision"])
    return policy


@contextmanager
def gate_closed() -> Iterator[MailPolicy]:
    """A transaction that begins with `close_the_gate()`."""
    with transaction.atomic():
        yield close_the_gate()
