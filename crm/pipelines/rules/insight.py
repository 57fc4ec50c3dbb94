"""Formulas of the insight into pipelines: shares, what is few, which stage is weak, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import median

from crm.ledger.rules import add_months

#: Fewer than this many are a hint and no finding: figures of them are marked, and no stage is weak by them.
FEW = 10
#: A customer who is one for so many months has stayed.
STAYING_MONTHS = 6
#: How sure it must be that a stage is below the others: two-sided 95 %.
_Z = 1.96


def share(part: int, whole: int) -> float | None:
    """`part / whole`, 0…1; None, shown as n/a, of nothing."""
    return part / whole if whole else None


def at_most(part: int, whole: int) -> float:
    """The upper end of Wilson's 95 % interval of a share: what it may be at most, given how few they are."""
    p, z2 = part / whole, _Z * _Z
    spread = _Z * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    return (p + z2 / (2 * whole) + spread) / (1 + z2 / whole)


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of the deals that entered an open stage; `median` is of the days of those that left it."""

    on: int = 0
    lost: int = 0
    under: int = 0
    left: int = 0
    median: float | None = None
    expected: int | None = None

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


def weaknesses(stage: Passage, others: Sequence[Passage]) -> list[str]:
    """Why a stage is weak, each in half a sentence; empty: it is not.

    Its conversion is clearly below the others': the upper end of its 95 % interval is under the share of all the other
    stages taken together. Or half of those that left it were there for longer than its expected days. Both of at least
    FEW deals.
    """
    found = []
    on, decided = sum(one.on for one in others), sum(one.decided for one in others)
    if min(stage.decided, decided) >= FEW and at_most(stage.on, stage.decided) < on / decided:
        here, there = (f"{100 * part / whole:.0f} %" for part, whole in ((stage.on, stage.decided), (on, decided)))
        found.append(f"{here} of {stage.decided:,} go on from here, {there} from the other stages")
    if stage.left >= FEW and stage.expected is not None and (stage.median or 0) > stage.expected:
        found.append(f"half of {stage.left:,} took over {days_words(stage.median)}, {stage.expected} are expected")
    return found


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
