"""How the outbox stands, by sender: what is due, what is held back, what needs a person, and what went lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.urls import reverse
from psycopg.types.json import Jsonb

from crm.outbox import stopping
from crm.outbox.models import CHATS, MessageQuerySet, OutboundMessage, Sender
from crm.outbox.models.messages import waiting_since
from crm.outbox.settling import BY_HAND
from crm.outbox.stopping import Stops
from crm.slots import LATE, MOST, Load, Throughput
from crm.web import standing

#: Sent mail of the last day is counted up to here: an index range that takes some 30 ms.
MOST_SENT = 50_000
_MINUTES = 60

#: What the mail page calls the figures of a load, and how it narrows its rows to them.
NARROWED = {"due": "Due now", "late": "Late", "held": "Waiting"}


def kept_here() -> Q:
    """What keeps a message here though its time has come, as it is at this moment."""
    return stopping.now_thrown().covered()


def narrowed(rows: MessageQuerySet, figure: str, now: datetime, stops: Stops | None = None) -> MessageQuerySet:
    """Planned messages that a figure counts: `due`, those of them that are `late`, or `held`."""
    kept = stops.covered() if stops else kept_here()
    ripe = rows.filter(state=OutboundMessage.State.DUE, due_at__lte=now)
    if figure == "held":
        return ripe.filter(kept)
    leaving = ripe.exclude(kept)
    return leaving.waiting_since_before(now - LATE) if figure == "late" else leaving


def of_sender(rows: MessageQuerySet, name: str) -> MessageQuerySet:
    """Messages that leave by this sender; those that name none leave by the default one."""
    own = Q(sender__name=name)
    return rows.filter(own | Q(sender=None)) if name == Sender.DEFAULT else rows.filter(own)


_SELECT = """
    SELECT grp, CASE grp WHEN 'default' THEN 'Default sender' ELSE grp END AS label, due, late, held,
        0::bigint AS parked, uncertain, failed, oldest_due,
        coalesce(%s::jsonb ->> grp, nullif(%s, ''), CASE WHEN held > 0 THEN %s ELSE '' END) AS because
    FROM (
        SELECT coalesce(s.name, 'default') AS grp,
            count(*) FILTER (WHERE what = 'due') AS due,
            count(*) FILTER (WHERE what = 'due' AND since < %s) AS late,
            count(*) FILTER (WHERE what = 'held') AS held,
            count(*) FILTER (WHERE what = 'uncertain') AS uncertain,
            count(*) FILTER (WHERE what = 'failed') AS failed,
            min(since) FILTER (WHERE what = 'due') AS oldest_due
        FROM (
            SELECT 'due' AS what, sender_id, since FROM ({due}) AS due
            UNION ALL SELECT 'held', sender_id, NULL FROM ({held}) AS held
            UNION ALL SELECT state, sender_id, NULL FROM ({eyes}) AS eyes
            UNION ALL SELECT 'sender', id, NULL FROM crm_sender UNION ALL SELECT 'sender', NULL, NULL
        ) AS row LEFT JOIN crm_sender s ON s.id = row.sender_id
        GROUP BY 1
    ) AS by_sender
"""


def select(now: datetime) -> tuple[str, Sequence[Any]]:
    """For `slots.loads`. The three kinds of rows are bounded each, so one sender's backlog can hide another's rows."""
    rows, stops = OutboundMessage.objects, stopping.now_thrown()
    standing.keep_beside("stops", stops)
    parts: dict[str, str] = {}
    named = Jsonb({name: stops.because(name) for name in {*stops.senders, *CHATS.values()} if stops.because(name)})
    values: list[Any] = [named, stops.because(""), stopping.SINGLE_READERS, now - LATE]
    due, held = (narrowed(rows.order_by("due_at", "id"), figure, now, stops) for figure in ("due", "held"))
    for name, found in {
        "due": due.values("sender_id", since=waiting_since()),
        "held": held.values("sender_id"),
        "eyes": rows.needing_eyes().order_by().values("sender_id", "state"),
    }.items():
        parts[name], parameters = found[: MOST + 1].query.sql_with_params()
        values += parameters
    return _SELECT.format(**parts), values


def address(group: str, figure: str) -> str:
    """The mail page, narrowed to what the figure counts."""
    if figure in NARROWED:
        return f"{reverse('outbox:list')}?tab=upcoming&which={figure}&sender={group}"
    return f"{reverse('outbox:list')}?tab={figure}&sender={group}" if figure in ("uncertain", "failed") else ""


_LATELY = """
    WITH sent AS MATERIALIZED (
        SELECT settled_at, due_at FROM crm_outboundmessage
        WHERE state = 'sent' AND settled_at > %(day)s AND guard <> %(by_hand)s
        ORDER BY settled_at DESC NULLS LAST LIMIT %(most)s + 1)
    SELECT (SELECT count(*) FROM sent),
        (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - due_at))
            FROM sent WHERE settled_at > %(hour)s),
        coalesce((SELECT json_object_agg(minute, n) FROM (
            SELECT floor(extract(epoch FROM %(now)s - settled_at) / 60)::int AS minute, count(*) AS n FROM sent
            WHERE settled_at > %(hour)s AND settled_at <= %(now)s GROUP BY 1) AS per), '{}')
"""


def lately(now: datetime) -> Throughput:
    """For `slots.throughput`: messages that really left, and how long they waited beyond their time."""
    hour = now - timedelta(minutes=_MINUTES)
    values: dict[str, Any] = {
        "now": now, "hour": hour, "day": now - timedelta(days=1), "most": MOST_SENT, "by_hand": BY_HAND,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, values)
        day, dwell, per = cursor.fetchone()
    minutes = [int(per.get(str(ago), 0)) for ago in reversed(range(_MINUTES))]
    return Throughput(minutes, min(day, MOST_SENT), day > MOST_SENT, _waited(dwell))


def waiting_words(load: Load) -> str:
    """What waits, inside a sentence."""
    return "mail of the default sender" if load.group == Sender.DEFAULT else f"mail of the sender {load.label}"


def _waited(seconds: float | None) -> timedelta | None:
    """Mail is never settled before it is due, but for clocks that differ."""
    return None if seconds is None else timedelta(seconds=max(0.0, float(seconds)))
