"""The curves of cohorts for SVG written by templates: months since they joined to the right, what is left upwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from retention.metrics.cohorts import Cohort
from retention.metrics.joined.table import averages, rate_of

_LEFT, _EDGE = 34, 6


@dataclass(frozen=True, slots=True)
class Curves:
    """`lines` are points of polylines, each with its class; `grid` has a height and its percent, `marks` places to the
    right and the month."""

    width: int
    height: int
    lines: tuple[tuple[str, str], ...]
    grid: tuple[tuple[float, int], ...]
    marks: tuple[tuple[float, int], ...]


def curves(
    found: Sequence[Cohort], by: str, pair: tuple[Cohort, Cohort] | None, width: int = 610, height: int = 190
) -> Curves | None:
    """None where nobody has been there for a month. The average is drawn last, the two that are compared before it."""
    rates = {
        cohort.first: [rate_of(cell, by) for cell in cohort.cells]
        for cohort in found
        if cohort.joined and len(cohort.cells) > 1
    }
    if not rates:
        return None
    usual = averages(found, by)
    oldest = max(len(line) for line in rates.values()) - 1
    highest = max(rate for line in rates.values() for rate in (*line, Fraction(1)) if rate is not None)
    top = -(-int(highest * 100) // 50) * 50

    def points(line: Sequence[Fraction | None]) -> str:
        there = [(at, rate) for at, rate in enumerate(line[: oldest + 1]) if rate is not None]
        return " ".join(f"{_right(at, oldest, width):g},{_up(rate * 100, top, height):g}" for at, rate in there)

    others = [("one-of", points(line)) for line in rates.values()]
    names = ("first", "second") if pair else ()
    two = [(name, points(rates.get(cohort.first, []))) for name, cohort in zip(names, pair or (), strict=True)]
    lines = (*others, ("usual", points(usual)), *two)
    grid = tuple((_up(Fraction(at), top, height), at) for at in range(0, top + 1, 50 if top > 100 else 25))
    step = 3 if oldest <= 12 else 6
    marks = tuple((_right(at, oldest, width), at) for at in range(0, oldest + 1, step if oldest > 5 else 1))
    return Curves(width, height, tuple(line for line in lines if line[1]), grid, marks)


def _right(at: int, oldest: int, width: int) -> float:
    return round(_LEFT + at / max(oldest, 1) * (width - _LEFT - _EDGE), 1)


def _up(percent: Fraction, top: int, height: int) -> float:
    return round(_EDGE + float(1 - percent / top) * (height - 2 * _EDGE), 1)
