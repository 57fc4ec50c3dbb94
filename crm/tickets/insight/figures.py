"""The figures of the desk by SQL: each is one statement, over the tickets that the viewer may see.

Spam, and what was merged into another ticket, counts nowhere. A ticket is answered on the day of the first answer,
solved on the day on which it was solved last, and opened on the day on which it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from crm.team.models import User
from crm.tickets.insight.stretch import Stretch
from crm.tickets.models import OPEN, Ticket, TicketRating
from crm.tickets.rules.rating import GOOD
from crm.web import clock
from crm.web.narrowed import fetch_among

_COLUMNS = {"assignee": "assignee_id", "team": "team_id", "channel": "channel", "category": "category_id"}

# The median and what nine of ten stay below, in minutes: by the wall, and on the clock of the ticket's level.
_TOOK = """
    SELECT '{at}', GROUPING(t.{by}), t.{by}, count(*),
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM t.{at} - t.created_at) / 60),
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY t.{minutes}),
        count(*) FILTER (WHERE t.level_id IS NOT NULL), count(*) FILTER (WHERE t.level_id IS NOT NULL AND NOT t.overran)
    FROM crm_ticket t
    WHERE t.{at} >= %s AND t.{at} < %s AND NOT t.is_spam AND t.merged_into_id IS NULL AND t.id {seen}
    GROUP BY GROUPING SETS ((t.{by}), ())
"""
_OPENED = """
    SELECT 'opened', GROUPING(t.{by}), t.{by}::text, count(*), 0 FROM crm_ticket t
    WHERE t.created_at >= %s AND t.created_at < %s AND NOT t.is_spam AND t.merged_into_id IS NULL AND t.id {seen}
    GROUP BY GROUPING SETS ((t.{by}), ())
"""
# By the last time: a solving that ended otherwise than by closing, and none behind it. They are looked for by when they
# ended, since few tickets of all times lie in a stretch.
_AGAIN = """
    SELECT 'again', GROUPING(t.{by}), t.{by}::text, count(*), 0
    FROM crm_ticketspell s JOIN crm_ticket t ON t.id = s.ticket_id
    WHERE s.status = 'solved' AND s.ended_at >= %s AND s.ended_at < %s
        AND t.reopened > 0 AND s.ended_at IS DISTINCT FROM t.closed_at AND NOT EXISTS (
            SELECT FROM crm_ticketspell later
            WHERE later.ticket_id = s.ticket_id AND later.status = 'solved'
                AND later.ended_at IS DISTINCT FROM t.closed_at AND (later.ended_at, later.id) > (s.ended_at, s.id))
        AND NOT t.is_spam AND t.merged_into_id IS NULL AND t.id {seen}
    GROUP BY GROUPING SETS ((t.{by}), ())
"""
_RATED = """
    SELECT 'rated', GROUPING({rated}), {rated}::text, count(*), count(*) FILTER (WHERE r.score >= %s)
    FROM crm_ticketrating r JOIN crm_ticket t ON t.id = r.ticket_id
    WHERE r.score IS NOT NULL AND r.answered_at >= %s AND r.answered_at < %s AND t.id {seen}
    GROUP BY GROUPING SETS (({rated}), ())
"""
# What opened and ended spells of work on each day; the backlog of a day is that of now without what came since. That of
# now stands under no day. Of the tickets only those few are read that count nowhere.
_BEGAN = """
    SELECT (s.began_at AT TIME ZONE %s)::date, count(*) FILTER (WHERE s.status = ANY(%s)), 0,
        count(*) FILTER (WHERE s.status = 'solved')
    FROM crm_ticketspell s WHERE s.began_at >= %s AND {counts} AND s.ticket_id {seen} GROUP BY 1
"""
_ENDED = """
    SELECT (s.ended_at AT TIME ZONE %s)::date, -count(*), 0, 0
    FROM crm_ticketspell s WHERE s.status = ANY(%s) AND s.ended_at >= %s AND {counts} AND s.ticket_id {seen} GROUP BY 1
"""
_COUNTS = """NOT EXISTS (
    SELECT FROM crm_ticket aside WHERE aside.id = s.ticket_id AND (aside.is_spam OR aside.merged_into_id IS NOT NULL))
"""
_CAME = """
    SELECT (t.created_at AT TIME ZONE %s)::date, 0, count(*), 0 FROM crm_ticket t
    WHERE t.created_at >= %s AND NOT t.is_spam AND t.merged_into_id IS NULL AND t.id {seen} GROUP BY 1
"""
_WAITING = """
    SELECT NULL, count(*), 0, 0 FROM crm_ticket t
    WHERE t.status IN ('new', 'open', 'pending', 'on_hold') AND NOT t.is_spam AND t.merged_into_id IS NULL
        AND t.id {seen}
"""

#: What figures are told apart by, as text; None: nobody, or none.
type Key = str | None


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took, in minutes: (median, what nine of ten stay below); None without any."""

    count: int
    wall: tuple[float, float] | None
    clock: tuple[float, float] | None
    levelled: int
    kept: int


#: What it is of, whether it is of all of them, and else of which.
type Place = tuple[str, bool, Key]


def took(viewer: User, stretch: Stretch) -> dict[Place, Took]:
    """By answered_at and solved_at."""
    parts = [
        (_named(_TOOK, by=_COLUMNS[stretch.by], at=at, minutes=minutes), [stretch.begin, stretch.end])
        for at, minutes in (("answered_at", "answer_minutes"), ("solved_at", "solve_minutes"))
    ]
    return {
        (what, bool(total), None if key is None else str(key)): Took(count, _pair(wall), _pair(level), *rest)
        for what, total, key, count, wall, level, *rest in asked(viewer, *parts)
    }


def counted(viewer: User, stretch: Stretch) -> dict[Place, tuple[int, int]]:
    """By “opened”, “again” (opened again) and “rated”; of these, how many answers are good. Who had solved a rated
    ticket, and for whom, is as it was then."""
    days, by = [stretch.begin, stretch.end], _COLUMNS[stretch.by]
    rows = asked(
        viewer, (_named(_OPENED, by=by), days), (_named(_AGAIN, by=by), days),
        (_named(_RATED, rated=told_apart(stretch.by)), [GOOD, *days]),
    )  # fmt: skip
    return {(what, bool(total), key): (count, good) for what, total, key, count, good in rows}


def told_apart(by: str) -> str:
    """SQL: what ratings `r` of tickets `t` are told apart by, as it was when they were solved."""
    return {"assignee": "r.agent_id", "team": "r.team_id", "category": "r.category_id", "channel": "t.channel"}[by]


def _named(sql: str, **names: str) -> str:
    """With names of ours in it."""
    return sql.format(seen="{seen}", **names)


@dataclass(frozen=True, slots=True)
class Day:
    """`waiting` is the backlog at its end, and just now that of today."""

    day: date
    waiting: int
    opened: int
    solved: int


def days(viewer: User, stretch: Stretch) -> list[Day]:
    """One after the other, without a gap."""
    zone, since, open_ones = clock.zone().key, stretch.begin, [str(status) for status in OPEN]
    rows = asked(
        viewer, (_named(_BEGAN, counts=_COUNTS), [zone, open_ones, since]),
        (_named(_ENDED, counts=_COUNTS), [zone, open_ones, since]), (_CAME, [zone, since]), (_WAITING, []),
    )  # fmt: skip
    moved: dict[date | None, tuple[int, int, int]] = {}
    for day, *more in rows:
        backlog, came, done = (have + one for have, one in zip(moved.get(day, (0, 0, 0)), more, strict=True))
        moved[day] = backlog, came, done
    waiting = moved.pop(None)[0]
    for day in [day for day in moved if day and day > stretch.last]:
        waiting -= moved.pop(day)[0]
    found = []
    for back in range(stretch.days):
        day = stretch.last - timedelta(days=back)
        backlog, came, done = moved.get(day, (0, 0, 0))
        found.append(Day(day, waiting, came, done))
        waiting -= backlog
    return found[::-1]


def ratings(viewer: User, stretch: Stretch) -> Any:
    """The answers themselves."""
    seen = Ticket.objects.visible_to(viewer)
    rows = TicketRating.objects.filter(score__isnull=False, ticket__in=seen.values("pk"))
    rows = rows.filter(answered_at__gte=stretch.begin, answered_at__lt=stretch.end)
    return rows.select_related("ticket", "contact", "account", "agent")


def asked(viewer: User, *parts: tuple[str, Sequence[Any]]) -> list[Any]:
    """All parts in one statement, in each of which `{seen}` stands behind the id of a ticket."""
    rows = " UNION ALL ".join(part for part, _ in parts)
    values = [value for _, values in parts for value in values]
    seen = None if viewer.sees_everything else Ticket.objects.visible_to(viewer)
    return fetch_among(seen, rows, values, "{seen}")


def _pair(values: Sequence[float | None] | None) -> tuple[float, float] | None:
    if not values or values[0] is None or values[1] is None:
        return None
    return values[0], values[1]
