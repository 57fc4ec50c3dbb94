"""Bars for SVG written by templates: what became of the deals of each stage, and what was decided in each month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm.pipelines.rules.insight import Passage

_WIDTH, _HEIGHT = 420, 150
_NARROW = 270  # of the bars of stages
_ROW, _BAR = 44, 14  # of a stage: its place, and the bar in it
_GAP = 0.3  # of a month's place


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar; `fate` is on, under or lost."""

    fate: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """A stage: where its name and its bar stand, and what became of how many."""

    name: str
    words: str
    text_y: int
    bar_y: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Funnel:
    width: int
    height: int
    thick: int
    rows: tuple[Row, ...]


def funnel(stages: Sequence[tuple[str, Passage]]) -> Funnel | None:
    """A bar for each stage, as long as its deals are many; None without any."""
    most = max((one.entered for _, one in stages), default=0)
    if not most:
        return None
    rows = tuple(
        Row(name, _said(one), place * _ROW + 11, place * _ROW + 18, _parts(one, most))
        for place, (name, one) in enumerate(stages)
    )
    return Funnel(_NARROW, len(rows) * _ROW, _BAR, rows)


def _said(one: Passage) -> str:
    return f"{one.on:,} went on, {one.under:,} under way, {one.lost:,} lost"


def _parts(one: Passage, most: int) -> tuple[Part, ...]:
    found, x = [], 0.0
    for fate in ("on", "under", "lost"):
        width = getattr(one, fate) / most * _NARROW
        if width:
            found.append(Part(fate, round(x, 1), round(width, 1)))
        x += width
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Column:
    """A month: won stands on lost."""

    x: float
    width: float
    middle: float
    lost: float
    lost_top: float
    won: float
    won_top: float
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Columns:
    width: int
    height: int
    top: int  # the number at the upper line
    columns: tuple[Column, ...]


def columns(months: Sequence[tuple[str, str, int, int]]) -> Columns | None:
    """Of months (label, full name, won, lost) in their order; None where nothing was decided."""
    most = max((won + lost for *_, won, lost in months), default=0)
    if not most:
        return None
    place = _WIDTH / len(months)
    width = min(place * (1 - _GAP), 48)

    def column(at: int, label: str, name: str, won: int, lost: int) -> Column:
        middle, (up, down) = (at + 0.5) * place, (round(many / most * _HEIGHT, 1) for many in (won, lost))
        return Column(
            round(middle - width / 2, 1), round(width, 1), round(middle, 1), down, round(_HEIGHT - down, 1), up,
            round(_HEIGHT - down - up, 1), label, f"{name}: {won:,} won, {lost:,} lost",
        )  # fmt: skip

    return Columns(_WIDTH, _HEIGHT, most, tuple(column(at, *month) for at, month in enumerate(months)))
