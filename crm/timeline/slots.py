"""What the timeline gives to others: how its queue of facts stands, and what to do about those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from crm import slots
from crm.slots import LATE, MOST
from crm.timeline import actions
from crm.timeline.erasing import forget_in_entries
from crm.timeline.filter_fields import register_filters
from crm.timeline.models import Pending, TimelineEntry

_SELECT = f"""
    SELECT 'facts' AS grp, 'Facts not yet read' AS label, due.n AS due, due.late, 0::bigint AS held, parked.n AS parked,
        0::bigint AS uncertain, 0::bigint AS failed, due.oldest AS oldest_due, '' AS because
    FROM (
        SELECT count(*) AS n, count(*) FILTER (WHERE since < %s) AS late, min(since) AS oldest FROM (
            SELECT coalesce(p.retry_at, e.recorded_at) AS since FROM crm_pending p
            JOIN crm_timelineentry e ON e.id = p.entry_id
            WHERE p.parked_at IS NULL AND (p.retry_at IS NULL OR p.retry_at <= %s)
            ORDER BY p.id LIMIT {MOST + 1}) AS open
    ) AS due, (SELECT count(*) AS n FROM (SELECT FROM crm_pending WHERE parked_at IS NOT NULL LIMIT {MOST + 1}) AS p)
    AS parked
"""  # noqa: S608  (constants of ours)


def _select(now: datetime) -> tuple[str, Sequence[Any]]:
    return _SELECT, [now - LATE, now]


def waiting(figure: str, now: datetime) -> QuerySet[Pending]:
    """The facts that a figure counts: `due`, `late` or `parked`, with what they are about and since when."""
    rows = Pending.objects.select_related("entry__account").annotate(since=Coalesce("retry_at", "entry__recorded_at"))
    if figure == "parked":
        return rows.exclude(parked_at=None)
    due = rows.filter(parked_at=None, since__lte=now)
    return due.filter(since__lt=now - LATE) if figure == "late" else due


def _address(group: str, figure: str) -> str:
    return f"{reverse('home:engine_facts')}?only={figure}" if figure in ("due", "late", "parked") else ""


def _find(limit: int, below: int | None = None) -> list[slots.Trouble]:
    parked = Pending.objects.exclude(parked_at=None).select_related("entry__account").order_by("-id")
    return [
        slots.Trouble(
            row.entry_id, row.entry.text or row.entry.kind, reverse("accounts:detail", args=[row.entry.account_id]),
            row.error, row.parked_at, str(row.entry.account), row.pk,
        )
        for row in (parked.filter(pk__lt=below) if below else parked)[:limit]
    ]  # fmt: skip


register_filters()
slots.loads.register(
    "timeline", slots.LoadSource("Facts", _select, _address, lambda load: "facts not yet read", order=30)
)
slots.repairs.register(
    "facts",
    slots.Repair(
        "Facts that no workflow could read", "They stand on the timeline, but nobody has entered because of them.",
        "parked", "timeline", _find,
        {
            "again": slots.Verb("Read again", "Read again", actions.unpark, tone="primary"),
            "discard": slots.Verb(
                "Discard", "Discarded", actions.discard, tone="danger",
                asks="No workflow will ever read them. They stay on the timeline. It cannot be taken back.",
            ),
        },
        order=40,
    ),
)  # fmt: skip

slots.owned_rows.register(
    "account_entries", slots.OwnedRows("crm.TimelineEntry", "account", ("entry", "entries"), "move", "keep", order=-5)
)
slots.owned_rows.register(
    "contact_entries",
    slots.OwnedRows(
        "crm.TimelineEntry", "contact", ("entry", "entries"), "move", forget_in_entries,
        slots.exported(
            TimelineEntry, "contact", "occurred_at", "kind", "text", "channel", "source", "actor__name", "payload"
        ),
        order=-5,
        told=slots.Told(
            "What happened", lambda row: str(row["text"]), lambda row: row["occurred_at"],
            lambda row: str(row["payload"].get("note") or ""), order=60,
        ),
    ),
)  # fmt: skip
