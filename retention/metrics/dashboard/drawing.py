"""The curve of customers kept and the waterfall of MRR, for SVG written by templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from retention.metrics.rules import Kept

WIDTH, HEIGHT = 560, 150
_LEFT = 38  # where the words of the axis stand
_GAP = 0.36  # of a bar's place
_LEAST = 2.0  # that a bar is seen


@dataclass(frozen=True, slots=True)
class Level:
    """A line across, with its words."""

    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Curve:
    """`lines` and `before` are points of polylines, one for each stretch of months in which there were customers."""

    levels: tuple[Level, ...]
    lines: tuple[str, ...]
    before: tuple[str, ...]
    last: tuple[float, float] | None
    months: tuple[tuple[float, str], ...]


def curve(months: Sequence[Kept], before: Sequence[Kept]) -> Curve | None:
    """None where there is nothing to draw."""
    rates = [one.rate for one in (*months, *before) if one.rate is not None]
    if not any(one.rate is not None for one in months):
        return None
    room = max(100 - int(min(rates) * 100), 4)  # whole points below all of them, so many that they divide by four
    room = min(room + -room % 4, 100)
    lowest = 1 - Fraction(room, 100)
    step = (WIDTH - _LEFT - 8) / max(len(months) - 1, 1)

    def y(rate: Fraction) -> float:
        return round(HEIGHT - float((rate - lowest) / (1 - lowest)) * HEIGHT, 1)

    def stretches(line: Sequence[Kept]) -> tuple[str, ...]:
        found, points = [], []
        for at, one in enumerate([*line, None]):
            if one is not None and one.rate is not None:
                points.append(f"{round(_LEFT + at * step, 1)},{y(one.rate)}")
            elif points:
                found.append(" ".join(points))
                points = []
        return tuple(found)

    shown = [lowest + Fraction(room * quarter, 400) for quarter in range(5)]
    last = months[-1].rate
    return Curve(
        tuple(Level(y(rate), f"{float(rate * 100):.0f} %") for rate in shown), stretches(months), stretches(before),
        (round(_LEFT + (len(months) - 1) * step, 1), y(last)) if last is not None else None,
        tuple((round(_LEFT + at * step, 1), f"{months[at].month:%b}") for at in range(0, len(months), 2)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """`tone`: neu for the two ends, pos and neg for what came and went, held for what did not move."""

    tone: str
    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    said: str
    said_y: float
    url: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """`cut`: where the axis begins, if it is not at nothing; blank if it is."""

    bars: tuple[Bar, ...]
    cut: Decimal | None


def waterfall(
    start: Decimal, steps: Sequence[tuple[str, Decimal]], end: Decimal, urls: Sequence[str]
) -> Waterfall | None:
    """Of the MRR at the start, what came and went (label, signed amount), and that at the end; None without any.

    `urls`: where each bar leads, that of the start first; blank: nowhere.
    """
    edges, at = [start], start
    for _, amount in steps:
        at += amount
        edges.append(at)
    top, low = max([*edges, end]), min([*edges, end])
    if top <= 0:
        return None
    floor = _floor(low, top)
    place = WIDTH / (len(steps) + 2)
    scale = HEIGHT / float(top - floor)

    def bar(number: int, tone: str, first: Decimal, second: Decimal, label: str, said: Decimal) -> Bar:
        height = max(float(abs(first - second)) * scale, _LEAST)
        y = HEIGHT - float(max(first, second) - floor) * scale
        width = place * (1 - _GAP)
        middle = (number + 0.5) * place
        return Bar(
            tone, round(middle - width / 2, 1), round(min(y, HEIGHT - _LEAST), 1), round(width, 1), round(height, 1),
            round(middle, 1), label, short(said), round(y - 6, 1),
            urls[number],
        )  # fmt: skip

    bars = [bar(0, "neu", floor, start, "Start", start)]
    for number, (label, amount) in enumerate(steps):
        tone = "neg" if amount < 0 else "pos" if amount else "held"  # of nothing that came nothing is good
        bars.append(bar(number + 1, tone, edges[number], edges[number + 1], label, amount))
    bars.append(bar(len(steps) + 1, "neu", floor, end, "End", end))
    return Waterfall(tuple(bars), floor or None)


def _floor(low: Decimal, top: Decimal) -> Decimal:
    """The axis is cut where all that moves would else be lines: a round amount below the lowest."""
    if low <= 0 or low == top or (top - low) * 4 > top:
        return Decimal(0)
    wanted = low - (top - low) * 2
    if wanted <= 0:
        return Decimal(0)
    digits = Decimal(10) ** max(len(str(int(top - low))) - 1, 0)
    return wanted // digits * digits


def short(amount: Decimal) -> str:
    """For a place where a figure has hardly room: “14.2k”, “139.6k”, “2.3m”."""
    sign, size = ("−" if amount < 0 else ""), abs(amount)
    for least, unit in ((Decimal(1_000_000), "m"), (Decimal(10_000), "k")):
        if size >= least:
            return f"{sign}{size / (1_000_000 if unit == 'm' else 1_000):,.1f}{unit}"
    return f"{sign}{size:,.0f}"
