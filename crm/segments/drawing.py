"""Where the points of a line over days stand in a picture: plain arithmetic, for SVG written by templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

#: What is left free above and below a line, so that its stroke is not cut.
_EDGE = 2


def line(values: Sequence[tuple[date, int]], width: int, height: int) -> str:
    """`points` of a polyline: days to the right, the smallest value below and the largest above; blank below two days.

    A value that never changes is a line in the middle.
    """
    if len(values) < 2:
        return ""
    return " ".join(f"{x:g},{y:g}" for x, y in _places(values, width, height, _ends(values)))


def _ends(values: Sequence[tuple[date, int]]) -> tuple[int, int]:
    numbers = [number for _, number in values]
    return min(numbers), max(numbers)


def _places(
    values: Sequence[tuple[date, int]], width: int, height: int, ends: tuple[int, int]
) -> list[tuple[float, float]]:
    first, days = values[0][0], (values[-1][0] - values[0][0]).days or 1
    low, span = ends[0], ends[1] - ends[0]
    inner = height - 2 * _EDGE
    return [
        (
            round((day - first).days / days * width, 1),
            round(height - _EDGE - (inner * (number - low) / span if span else inner / 2), 1),
        )
        for day, number in values
    ]


@dataclass(frozen=True)
class Chart:
    """A line with the area under it, and the numbers at the grid's lines: (place from above, number)."""

    width: int
    height: int
    points: str
    area: str
    grid: tuple[tuple[float, int], ...]
    first: date
    last: date


def chart(values: Sequence[tuple[date, int]], width: int = 420, height: int = 150) -> Chart | None:
    """From zero, so that the picture does not exaggerate. None below two days."""
    if len(values) < 2:
        return None
    top = _round_up(_ends(values)[1])
    places = _places(values, width, height, (0, top))
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    grid = tuple((round(height - _EDGE - (height - 2 * _EDGE) * part / 2, 1), top * part // 2) for part in (2, 1, 0))
    area = f"0,{height - _EDGE} {points} {width},{height - _EDGE}"
    return Chart(width, height, points, area, grid, values[0][0], values[-1][0])


def _round_up(number: int) -> int:
    """To an even number with one or two figures: 137 → 140, 4 → 4, 0 → 2."""
    step: int = 2 * 10 ** max(len(str(number)) - 2, 0)
    return max(-(-number // step) * step, 2)
