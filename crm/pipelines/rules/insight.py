"""Formulas of the insight into pipelines: shares, what is few, which stage is weak, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt
from statistics import median

from crm.ledger.rules import add_months

#: Fewer than this many are a hint and no finding: figures of them are marked, and no stage is weak by them.
FEW = 10
#: A customer who is one for so many months has stayed.
STAYING_MONTHS = 6
#: How sure it must be that a stage is weak: two-sided 95 %.
_Z = 1.96
#: What is worth saying of it: conversion this much below what it was or should be, or so many times the expected days.
_WORTH, _SLOW = 0.05, 1.25


def share(part: int, whole: int) -> float | None:
    """`part / whole`, 0…1; None, shown as n/a, of nothing."""
    return part / whole if whole else None


def at_most(part: int, whole: int) -> float:
    """The upper end of Wilson's 95 % interval of a share: what it may be at most, given how few they are."""
    middle, spread = _wilson(part, whole)
    return middle + spread


def at_least(part: int, whole: int) -> float:
    """The lower end of it."""
    middle, spread = _wilson(part, whole)
    return middle - spread


def _wilson(part: int, whole: int) -> tuple[float, float]:
    p, z2 = part / whole, _Z * _Z
    scale = 1 + z2 / whole
    return (p + z2 / (2 * whole)) / scale, _Z * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole)) / scale


def fell(was: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether a share (part, whole) is below the former one for certain: Newcombe's 95 % interval of their difference,
    made of both shares' Wilson intervals, is above 0."""
    before, after = was[0] / was[1], now[0] / now[1]
    spread = sqrt((before - at_least(*was)) ** 2 + (at_most(*now) - after) ** 2)
    return before - after - spread > 0


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of the deals that entered an open stage; `median` is of the days of those that left it, `late` of
    which had been there for longer than `expected`."""

    on: int = 0
    lost: int = 0
    under: int = 0
    left: int = 0
    median: float | None = None
    expected: int | None = None
    late: int = 0

    @property
    def entered(self) -> int:
        return self.on + self.lost + self.under

    @property
    def decided(self) -> int:
        return self.on + self.lost

    @property
    def conversion(self) -> float | None:
        """on / (on + lost): of those whose way is decided."""
        return share(self.on, self.decided)


def promises(chances: Sequence[int]) -> list[float | None]:
    """Which share of the deals of each stage should go on, by what admins say of how many are won: `chances` in per
    cent, of open stages in their order. None: they promise nothing, being no higher in the next one.

    Of 100 deals of a stage with 30 % and of one with 60 % behind it, 30 and 60 are won: so 50 of the 100 go on.
    """
    return [here / after if here < after else None for here, after in pairwise([*chances, 100])]


def weaknesses(stage: Passage, before: Passage, promised: float | None) -> list[str]:
    """Why a stage is weak, each in half a sentence; empty: it is not, or nobody can tell.

    Its conversion is clearly below its own of the period before or, where that says nothing, below what is promised.
    Or it takes clearly longer than expected. *Clearly* is for certain (95 %), of at least FEW deals, and by as much as
    is worth a word. (The other stages are no measure: whoever is near the sale goes on more often than a newcomer.)
    """
    return [said for said in (_losing(stage, before, promised), _slow(stage)) if said]


def _losing(stage: Passage, before: Passage, promised: float | None) -> str:
    if (now := stage.conversion) is None or stage.decided < FEW:
        return ""
    said = f"{100 * now:.0f} % of {stage.decided:,} went on from here"
    was = before.conversion if before.decided >= FEW else None
    if was is not None and was - now >= _WORTH and fell((before.on, before.decided), (stage.on, stage.decided)):
        return f"{said}, {100 * was:.0f} % of {before.decided:,} in the days before"
    if promised is not None and promised - now >= _WORTH and at_most(stage.on, stage.decided) < promised:
        return f"{said}, {100 * promised:.0f} % should by the probabilities of its stages"
    return ""


def _slow(stage: Passage) -> str:
    if stage.left < FEW or not stage.expected or stage.median is None:
        return ""
    if stage.median < _SLOW * stage.expected or at_least(stage.late, stage.left) <= 1 / 2:
        return ""
    expected = days_words(stage.expected)
    half = f"half took {days_words(stage.median)} or more"
    return f"{stage.late:,} of {stage.left:,} took longer than the {expected} expected, {half}"


def days_words(days: float | None) -> str:
    """“n/a”, “less than 1 day”, “2.5 days”, “14 days”."""
    if days is None:
        return "n/a"
    if days < 1:
        return "less than 1 day"
    rounded = round(days, 1) if days < 10 else round(days)
    return f"{rounded:g} day{'' if rounded == 1 else 's'}"


def last_of_stay(starts_on: date) -> date:
    """The day on which a customer since `starts_on` has to be one still, to have stayed: the last of six months."""
    return add_months(starts_on, STAYING_MONTHS) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Touched:
    """So many touches of a kind, on a channel, before one sale; the first of them so many days before it."""

    deal: int
    kind: str
    channel: str
    many: int
    days: float


@dataclass(frozen=True, slots=True)
class Touchpoint:
    kind: str
    channel: str
    deals: int  # before whose sale there was one
    median: float  # of those


@dataclass(frozen=True, slots=True)
class Journey:
    """What came before `deals` sales, `touched` of which had any touch. `median` counts touches before each of these,
    `days` the time from the first one to the sale; None without any."""

    deals: int
    touched: int
    median: float | None
    days: float | None
    points: tuple[Touchpoint, ...]  # the commonest first


def journey(deals: int, touches: Iterable[Touched]) -> Journey:
    many: dict[int, int] = {}
    first: dict[int, float] = {}
    kinds: dict[tuple[str, str], list[int]] = {}
    for one in touches:
        many[one.deal] = many.get(one.deal, 0) + one.many
        first[one.deal] = max(first.get(one.deal, 0), one.days)
        kinds.setdefault((one.kind, one.channel), []).append(one.many)
    points = [Touchpoint(kind, channel, len(found), median(found)) for (kind, channel), found in kinds.items()]
    points.sort(key=lambda point: (-point.deals, point.kind, point.channel))
    usual, days = (median(many.values()), median(first.values())) if many else (None, None)
    return Journey(deals, len(many), usual, days, tuple(points))
