"""How content customers were, month by month: a curve and a table, with the answers behind each of their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse

from crm.segments.rules import day_start
from crm.team.models import User
from crm.tickets.insight import reading
from crm.tickets.insight.figures import Key, asked, told_apart
from crm.tickets.insight.stretch import Stretch
from crm.tickets.rules.rating import FEW, GOOD
from crm.web import clock

#: Months that are looked at, up to that of the last day.
MONTHS = 12
#: Lines of the table: those with the most answers.
MOST = 12
_WIDTH, _HEIGHT = 420, 150

_CONTENT = """
    SELECT month, GROUPING(key), key, count(*), count(*) FILTER (WHERE score >= %s) FROM (
        SELECT to_char(r.answered_at AT TIME ZONE %s, 'YYYY-MM') AS month, {rated}::text AS key, r.score
        FROM crm_ticketrating r JOIN crm_ticket t ON t.id = r.ticket_id
        WHERE r.score IS NOT NULL AND r.answered_at >= %s AND r.answered_at < %s AND t.id {{seen}}
    ) rated GROUP BY GROUPING SETS ((month, key), (month))
"""


@dataclass(frozen=True, slots=True)
class Content:
    """Answers, and how many of them are good."""

    count: int = 0
    good: int = 0

    @property
    def share(self) -> float | None:
        return self.good / self.count if self.count else None

    @property
    def few(self) -> bool:
        return 0 < self.count < FEW

    def __add__(self, other: Content) -> Content:
        return Content(self.count + other.count, self.good + other.good)


@dataclass(frozen=True, slots=True)
class Cell:
    words: str
    count: int
    few: bool
    url: str


@dataclass(frozen=True, slots=True)
class Point:
    """`y` from above."""

    x: float
    y: float
    few: bool
    words: str


@dataclass(frozen=True, slots=True)
class Trend:
    """`lines` have a cell for each month, and one for all of them; `curve` breaks where nobody answered."""

    months: Sequence[date]
    width: int
    height: int
    curve: Sequence[str]
    points: Sequence[Point]
    labels: Sequence[tuple[float, str]]
    lines: Sequence[tuple[str, Sequence[Cell]]]
    total: Sequence[Cell]
    left_out: int
    said: str


def trend(viewer: User, stretch: Stretch) -> Trend | None:
    """None where nobody has answered in all these months."""
    months = _months(stretch.last)
    found = _found(viewer, stretch, months)
    whole = [found.get((month, True, None), Content()) for month in months]
    if not sum(one.count for one in whole):
        return None
    keys = {key for _, total, key in found if not total}
    of = {key: [found.get((month, False, key), Content()) for month in months] for key in keys}
    order = sorted(keys, key=lambda key: (-sum(one.count for one in of[key]), str(key)))
    named = reading.names(stretch.by)
    lines = [(reading.name_of(named, stretch.by, key), _cells(months, of[key], stretch, key)) for key in order[:MOST]]
    points = _points(months, whole)
    labels = [(_x(place), f"{month:%b}") for place, month in enumerate(months) if place % 2]
    return Trend(
        months, _WIDTH, _HEIGHT, _curve(points), [one for one in points if one], labels, lines,
        _cells(months, whole, stretch, None, total=True), max(len(order) - MOST, 0), _said(whole),
    )  # fmt: skip


def _months(last: date) -> list[date]:
    """The first days of months, up to that of the last day."""
    found = [last.replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def _found(viewer: User, stretch: Stretch, months: Sequence[date]) -> dict[tuple[date, bool, Key], Content]:
    values = [GOOD, clock.zone().key, day_start(months[0], clock.zone()), stretch.end]
    rows = asked(viewer, (_CONTENT.format(rated=told_apart(stretch.by)), values))
    return {
        (date.fromisoformat(f"{month}-01"), bool(total), key): Content(count, good)
        for month, total, key, count, good in rows
    }


def _cells(
    months: Sequence[date], of: Sequence[Content], stretch: Stretch, key: Key, *, total: bool = False
) -> list[Cell]:  # fmt: skip
    """One a month, and one of all."""
    spans = [(month, min(_last_of(month), stretch.last)) for month in months]
    which = {} if total else {"key": key or ""}
    return [
        _cell(one, Stretch(first, last, stretch.by), which)
        for one, (first, last) in zip([*of, sum(of, Content())], [*spans, (months[0], stretch.last)], strict=True)
    ]


def _cell(of: Content, days: Stretch, which: Mapping[str, str]) -> Cell:
    if of.share is None:
        return Cell("", 0, False, "")
    url = f"{reverse('tickets:ratings')}?{days.query(**which)}"
    return Cell(f"{100 * of.share:.0f} %", of.count, of.few, url)


def _last_of(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


# Drawing --------------------------------------------------------------------------------------------------------------


def _x(place: int) -> float:
    return round((place + 0.5) * _WIDTH / MONTHS, 1)


def _points(months: Sequence[date], whole: Sequence[Content]) -> list[Point | None]:
    """From 0 to 100 %, so that the picture does not exaggerate; None where nobody answered."""
    return [
        Point(_x(place), round(_HEIGHT * (1 - one.share), 1), one.few,
              f"{month:%B %Y}: {100 * one.share:.0f} % of {one.count:,} content")
        if one.share is not None else None
        for place, (month, one) in enumerate(zip(months, whole, strict=True))
    ]  # fmt: skip


def _curve(points: Sequence[Point | None]) -> list[str]:
    """`points` of a polyline for each stretch of months one after the other."""
    found: list[list[str]] = [[]]
    for point in points:
        if point:
            found[-1].append(f"{point.x:g},{point.y:g}")
        elif found[-1]:
            found.append([])
    return [" ".join(one) for one in found if len(one) > 1]


# In words -------------------------------------------------------------------------------------------------------------


def _said(whole: Sequence[Content]) -> str:
    """The last three months that are over beside the three before them; blank where either are nobody's."""
    late, early = sum(whole[-4:-1], Content()), sum(whole[-7:-4], Content())
    if late.share is None or early.share is None:
        return ""
    if late.few or early.few:
        return f"Fewer than {FEW} answers in three months say little of a trend."
    points = round(100 * late.share) - round(100 * early.share)
    moved = f"{abs(points)} points {'more' if points > 0 else 'less'}" if points else "as many as"
    return (
        f"{100 * late.share:.0f} % of {late.count:,} answers in the last three whole months were good: {moved}"
        f"{' than' if points else ''} in the three before ({100 * early.share:.0f} % of {early.count:,})."
    )
