"""Bars for SVG written by templates: messages of each day, and the tasks of one person beside what fits into a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from retention.workflows.rehearsal.figures import Day, Member

_GAP = 0.3  # of a bar's place


@dataclass(frozen=True, slots=True)
class Part:
    kind: str  # its class
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    parts: tuple[Part, ...]
    words: str
    day: date


@dataclass(frozen=True, slots=True)
class Mark:
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    bars: tuple[Bar, ...]
    lines: tuple[Mark, ...]  # across, with the number that they stand for
    labels: tuple[Mark, ...]  # below
    left: int = 0  # where the bars begin; the numbers stand before


def messages(days: Sequence[Day], width: int = 610, height: int = 110) -> Chart | None:
    """Sent in time at the bottom, then sent late, then not sent. None where there is no message."""
    top = max((day.messages for day in days), default=0)
    if not top:
        return None
    step = _step(top)
    top = -(-top // step) * step
    left = max(26, 8 + 7 * len(f"{top:,}"))  # wide enough for the largest number
    place = (width - left) / len(days)
    bars = tuple(
        Bar(round(left + at * place, 1), round(place * (1 - _GAP), 1), _stacked(day, top, height), _said(day), day.day)
        for at, day in enumerate(days)
    )
    lines = tuple(Mark(round(height - height * n / top, 1), f"{n:,}") for n in range(0, top + 1, step))
    third = max(len(days) // 3, 1)
    labels = tuple(Mark(bars[at].x, f"{days[at].day:%-d %b}") for at in range(0, len(days) - third // 2, third))
    return Chart(width, height, bars, lines, labels, left)


def _step(top: int) -> int:
    """A round number, of which two to four make the height."""
    unit: int = 10 ** max(len(str(top)) - 1, 0)
    return next(step for step in (max(unit // 2, 1), unit, 2 * unit, 5 * unit) if top <= 4 * step)


def _stacked(day: Day, top: int, height: int) -> tuple[Part, ...]:
    parts, y = [], float(height)
    for kind, count in (("neu", day.counts["sent"]), ("soft", day.counts["later"]), ("held", day.not_sent)):
        if count:
            part = max(height * count / top, 1.5)
            y -= part
            parts.append(Part(kind, round(y, 1), round(part, 1)))
    return tuple(parts)


def _said(day: Day) -> str:
    said = [f"{day.sent:,} sent"]
    if day.counts["later"]:
        said.append(f"{day.counts['later']:,} of them later than planned")
    if day.not_sent:
        said.append(f"{day.not_sent:,} not sent")
    return f"{day.day:%-d %b}: {', '.join(said)}"


def load(member: Member, days: Sequence[Day], width: int = 240, height: int = 32) -> Chart:
    """What is due already at the bottom, what would come on top; the line is what fits into a day."""
    top = max(member.busiest, member.capacity, 1)
    place = width / len(days)
    bars = []
    for at, (day, new, old) in enumerate(zip(days, member.days, member.before, strict=True)):
        parts, y = [], float(height)
        over = member.capacity and new + old > member.capacity
        for kind, count in (("held", old), ("over" if over else "neu", new)):
            if count:
                part = max(height * count / top, 1.5)
                y -= part
                parts.append(Part(kind, round(y, 1), round(part, 1)))
        words = f"{day.day:%-d %b}: {new:,} new" + (f", {old:,} due already" if old else "")
        bars.append(Bar(round(at * place, 1), round(place * (1 - _GAP), 1), tuple(parts), words, day.day))
    fits = (Mark(round(height - height * member.capacity / top, 1), f"{member.capacity}"),) if member.capacity else ()
    return Chart(width, height, tuple(bars), fits, ())
