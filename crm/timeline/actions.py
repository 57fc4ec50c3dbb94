"""record(): the one way onto the timeline; and what a person decides about facts that could not be reacted to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from json import loads
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg.types.json import Jsonb

from crm import slots
from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from crm.web import clock
from crm.web.encoding import dumps


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened. `key`, when given, makes the fact unique: recording it again does nothing."""

    account_id: int
    kind: str
    text: str
    occurred_at: datetime | None = None  # None: now
    contact_id: int | None = None
    source: str = "automatic"
    actor_id: int | None = None
    channel: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    key: str | None = None


# One statement, so that a fact never exists without its pending row, and without what else follows from it.
_INSERT = """
    WITH fact AS (
        SELECT * FROM jsonb_to_recordset(%(facts)s) AS f(
            account_id bigint, contact_id bigint, kind text, occurred_at timestamptz, source text, actor_id bigint,
            channel text, text text, payload jsonb, key text)
    ), entry AS (
        INSERT INTO crm_timelineentry
            (account_id, contact_id, kind, occurred_at, recorded_at, source, actor_id, channel, text, payload, key)
        SELECT account_id, contact_id, kind, coalesce(occurred_at, %(now)s), %(now)s, source, actor_id,
            channel, text, payload, key
        FROM fact WHERE {provided}
        ON CONFLICT (key) DO NOTHING
        RETURNING id, account_id, kind
    ), news AS (
        SELECT id, account_id, kind FROM entry WHERE %(react)s
    ), pending AS (
        INSERT INTO crm_pending (entry_id, attempts, error)
        SELECT id, 0, '' FROM news
    ){followed}
    SELECT id FROM entry
"""


def _inserting(provided: str) -> str:
    """With what other rooms write beside facts."""
    followed = (f", {name} AS ({sql})" for name, sql in slots.fact_followers.items())
    return _INSERT.format(provided=provided, followed="".join(followed))


#: About 1 MB of facts in one statement.
BATCH = 1000


def record(facts: Fact | Iterable[Fact], *, react: bool = True, now: datetime | None = None) -> list[int]:
    """Write facts and what makes the workflows look at them, in the caller's transaction.

    `react=False` is for history: facts that must fire nothing. Returns the ids of the entries written; a fact whose
    key was known writes none.
    """
    rows = [facts] if isinstance(facts, Fact) else list(facts)
    moment, insert = now or clock.now(), _inserting("TRUE")
    ids: list[int] = []
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            batch = [_row(fact) for fact in rows[start : start + BATCH]]
            values: dict[str, Any] = {"facts": Jsonb(batch, dumps=dumps), "now": moment, "react": react}
            cursor.execute(insert, values)
            ids += [row[0] for row in cursor.fetchall()]
    return ids


def record_found(query: str, values: Mapping[str, Any], *, now: datetime) -> int:
    """As `record` of history, for facts by the million that a query finds: they never come here. Returns how many.

    It gives account_id, contact_id, kind, occurred_at, source, actor_id, channel, text, payload and key, in this order.
    Nobody else may record facts of these keys meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(recording_found(query), {**values, "now": now})
        return int(cursor.rowcount)


def recording_found(query: str) -> str:
    """The statement of `record_found`, which returns ids; beside the query's own values it wants `now`."""
    return _INSERT_FOUND.format(found=query)


def found(query: str, values: Mapping[str, Any], *, now: datetime) -> list[Fact]:
    """The facts of such a query, where they are few and something is to react to them."""
    with connection.cursor() as cursor:
        cursor.execute(query, {**values, "now": now})
        return [
            Fact(account_id, kind, text, at, contact_id, source, actor_id, channel, loads(payload), key)
            for account_id, contact_id, kind, at, source, actor_id, channel, text, payload, key in cursor.fetchall()
        ]


_INSERT_FOUND = """
    INSERT INTO crm_timelineentry
        (account_id, contact_id, kind, occurred_at, source, actor_id, channel, text, payload, key, recorded_at)
    SELECT found.*, %(now)s
    FROM ({found}) AS found (account_id, contact_id, kind, at, source, actor_id, channel, text, payload, key)
    WHERE NOT EXISTS (SELECT FROM crm_timelineentry e WHERE e.key = found.key OFFSET 0)
    RETURNING id
"""


def recording(facts: Iterable[Fact], *, now: datetime, provided: str, react: bool = True) -> tuple[str, dict[str, Any]]:
    """The statement of `record` and its values (facts, now, react), for a caller that sends it with one of its own.

    It writes nothing unless the SQL condition `provided` holds.
    """
    batch = Jsonb([_row(fact) for fact in facts], dumps=dumps)
    return _inserting(provided), {"facts": batch, "now": now, "react": react}


@transaction.atomic
def unpark(entry_ids: Sequence[int] | None, reason: str, by: User | None, now: datetime) -> list[int]:
    """Let the workflows look at these parked facts again, at all of them with None, with another round of attempts.

    Next to each stands on the timeline who wanted it and why. Returns the facts that were parked; others stay.
    """
    rows = list(_parked(entry_ids))
    told = [_decided(row, "fact.unparked", "Workflows read “{}” again", reason, by, now) for row in rows]
    record(told, react=False, now=now)
    Pending.objects.filter(pk__in=[row.pk for row in rows]).update(parked_at=None, retry_at=now, attempts=0)
    return [row.entry_id for row in rows]


@transaction.atomic
def discard(entry_ids: Sequence[int] | None, reason: str, by: User | None, now: datetime) -> list[int]:
    """Take these parked facts, all of them with None, out of the queue: no workflow will react to them any more.

    The facts stay on the timeline, and next to each stands who let it go and why. Returns those that were parked.
    """
    rows = list(_parked(entry_ids))
    told = [_decided(row, "fact.discarded", "No workflow reacts to “{}”", reason, by, now) for row in rows]
    record(told, react=False, now=now)
    Pending.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [row.entry_id for row in rows]


def _parked(entry_ids: Sequence[int] | None) -> QuerySet[Pending]:
    """Locked: whoever decides second finds them decided."""
    parked = Pending.objects.exclude(parked_at=None).prefetch_related("entry").order_by("id")
    parked = parked.select_for_update(of=("self",))
    return parked if entry_ids is None else parked.filter(entry_id__in=entry_ids)


def _decided(row: Pending, kind: str, text: str, reason: str, by: User | None, now: datetime) -> Fact:
    entry = row.entry
    return Fact(
        entry.account_id,
        kind,
        f"{text.format(entry.text or entry.kind)}: {reason}",
        occurred_at=now,
        contact_id=entry.contact_id,
        source=TimelineEntry.Source.PERSON if by else TimelineEntry.Source.AUTOMATIC,
        actor_id=by.pk if by else None,
        payload={"entry": entry.pk, "reason": reason, "error": row.error, "attempts": row.attempts},
    )


_NAMES = tuple(each.name for each in fields(Fact))


def _row(fact: Fact) -> dict[str, Any]:
    """As `asdict`, which copies all that is in it and takes ten times as long."""
    return {name: getattr(fact, name) for name in _NAMES}
