"""The report's chart: a bar for each month, as high as what failed, split into what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from retention.dunning.reading import Month

WIDTH, HEIGHT, _FOOT, _TOP = 640, 200, 22, 8
#: From the foot up: the class of a part, its words, and the columns of the report that it sums up.
PARTS = (
    ("on", "by what was done here", ("retry", "message", "person")), ("own", "by themselves", ("themselves",)),
    ("under", "still open", ("open",)), ("lost", "lost or forgiven", ("lost", "forgiven")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    middle: float
    width: float
    label: str
    words: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    legend: Sequence[tuple[str, str]]
    width: int = WIDTH
    height: int = HEIGHT
    foot: int = HEIGHT - _FOOT


def bars(months: Sequence[Month]) -> Chart | None:
    """The oldest month first; None while nothing has failed."""
    most = max((month.failed_money for month in months), default=Decimal(0))
    if not most:
        return None
    step = WIDTH / len(months)
    drawn = [_bar(month, place, step, most) for place, month in enumerate(reversed(months))]
    return Chart(drawn, [(kind, words) for kind, words, _ in PARTS])


def _bar(month: Month, place: int, step: float, most: Decimal) -> Bar:
    top, parts, said = float(HEIGHT - _FOOT), [], []
    for kind, words, ways in PARTS:
        money = sum((month.money[way] for way in ways), Decimal(0))
        if not money:
            continue
        height = float(money / most) * (HEIGHT - _FOOT - _TOP)
        top -= height
        parts.append(Part(kind, round(top, 1), round(height, 1)))
        said.append(f"{money:,.0f} {words}")
    assert month.first
    words = f"{month.first:%B %Y}: {', '.join(said) or 'nothing failed'}"
    x = round(place * step + step * 0.18, 1)
    return Bar(x, round(place * step + step / 2, 1), round(step * 0.64, 1), f"{month.first:%b}", words, parts)
