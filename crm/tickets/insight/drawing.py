"""Pairs of bars for SVG written by templates: what came and what went, of days or weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from crm.tickets.insight.figures import Day

#: More days than this are drawn by weeks.
_MOST_BARS = 62
_GAP = 0.3  # of a bar's place


@dataclass(frozen=True, slots=True)
class Bar:
    """Places from the left, heights from below; `words` say what it is of."""

    x: float
    width: float
    opened: float
    opened_top: float
    solved: float
    solved_top: float
    solved_x: float
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    width: int
    height: int
    top: int  # the number at the upper line
    bars: tuple[Bar, ...]
    first: date
    last: date
    weekly: bool


def bars(days: Sequence[Day], width: int = 420, height: int = 150) -> Bars | None:
    """None where nothing came and nothing went."""
    weekly = len(days) > _MOST_BARS
    groups = [days[at : at + 7] for at in range(0, len(days), 7)] if weekly else [[day] for day in days]
    sums = [(group[0].day, sum(d.opened for d in group), sum(d.solved for d in group)) for group in groups]
    highest = max((max(came, went) for _, came, went in sums), default=0)
    if not highest:
        return None
    place = width / len(sums)
    each = place * (1 - _GAP) / 2

    def bar(at: int, day: date, came: int, went: int) -> Bar:
        x, (up, down) = at * place, (round(count / highest * height, 1) for count in (came, went))
        span = f"{day:%-d %b}" if not weekly else f"{day:%-d %b} – {day + timedelta(days=6):%-d %b}"
        return Bar(round(x, 1), round(each, 1), up, round(height - up, 1), down, round(height - down, 1),
                   round(x + each, 1), f"{span}: {came:,} opened, {went:,} solved")  # fmt: skip

    drawn = tuple(bar(at, *each_sum) for at, each_sum in enumerate(sums))
    return Bars(width, height, highest, drawn, days[0].day, days[-1].day, weekly)
