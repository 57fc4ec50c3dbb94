"""Figures as a table for a terminal, and as the README's."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.figures import Figure

_HEADS = ("what", "ours", "floor", "ratio", "budget", "", "measured on")


def _cells(figure: Figure) -> tuple[str, ...]:
    budget, met = figure.budget, figure.met
    return (
        figure.what,
        _number(figure.ours, figure.unit),
        "–" if figure.floor is None else _number(figure.floor, figure.unit),
        "–" if figure.ratio is None else f"{figure.ratio:.2f}",
        budget.words(figure.unit) if budget else "–",
        {True: "met", False: "MISSED", None: "–"}[met],
        figure.sizes,
    )


def _number(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value >= 100 or unit in ("queries", "MB") else f"{value:.3g}"
    return f"{text} {unit}"


def plain(figures: Sequence[Figure]) -> str:
    rows = [_HEADS, *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = [
        "  ".join(
            cell.rjust(width) if column in (1, 2, 3) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def markdown(figures: Sequence[Figure], machine: str) -> str:
    rows = ["| what | ours | floor | ratio | budget | | measured on |", "|---|--:|--:|--:|---|---|---|"]
    rows += [f"| {' | '.join(_cells(figure))} |" for figure in figures]
    return "\n".join([*rows, "", machine])
