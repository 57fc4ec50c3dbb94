"""Whether two groups differ, and how surely: arithmetic of shares, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

#: Of a two-sided interval that holds the truth 95 times in 100.
Z95 = 1.959963984540054
#: Of finding what is there 80 times in 100.
Z80 = 0.8416212335729143

#: With fewer in a group nothing is said, whatever the figures look like.
LEAST = 100
#: Nor while even a difference of so much would often be missed.
COARSEST = 0.10


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    of: int
    kept: int

    @property
    def value(self) -> float:
        return self.kept / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def wilson(share: Share, z: float = Z95) -> Interval:
    """Where the true share may lie: the score interval of E. B. Wilson (1927), which stays within 0 and 1.

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n). Of nobody nothing is known.
    """
    if not share.of:
        return Interval(0.0, 1.0)
    n, p = share.of, share.value
    middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n)))


def difference(one: Share, other: Share, z: float = Z95) -> Interval:
    """Where the true difference `one` − `other` may lie: R. G. Newcombe's hybrid score interval.

    Statistics in Medicine 17 (1998), method 10: with the Wilson intervals (l₁, u₁) and (l₂, u₂) of the two shares,
    from d − √((p₁−l₁)² + (u₂−p₂)²) to d + √((u₁−p₁)² + (p₂−l₂)²).
    """
    first, second, d = wilson(one, z), wilson(other, z), one.value - other.value
    low = d - sqrt((one.value - first.low) ** 2 + (second.high - other.value) ** 2)
    high = d + sqrt((first.high - one.value) ** 2 + (other.value - second.low) ** 2)
    return Interval(max(-1.0, low), min(1.0, high))


def detectable(one: Share, other: Share) -> float:
    """The smallest difference that groups of this size show 80 times in 100: (z₉₅ + z₈₀) √(p(1−p)(1/n₁ + 1/n₂)),
    with p the share of both together, but no nearer to 0 or 1 than where a group of 20 has one."""
    if not (one.of and other.of):
        return 1.0
    together = (one.kept + other.kept) / (one.of + other.of)
    p = min(max(together, 0.05), 0.95)
    return (Z95 + Z80) * sqrt(p * (1 - p) * (1 / one.of + 1 / other.of))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of `one` beside `other`: more | less | none | early (not enough people yet)."""

    found: str
    points: float
    interval: Interval
    detectable: float


def compared(one: Share, other: Share) -> Verdict:
    interval, smallest = difference(one, other), detectable(one, other)
    return Verdict(_found(one, other, interval, smallest), one.value - other.value, interval, smallest)


def _found(one: Share, other: Share, interval: Interval, smallest: float) -> str:
    if min(one.of, other.of) < LEAST:
        return "early"
    if interval.low > 0:
        return "more"
    if interval.high < 0:
        return "less"
    return "early" if smallest > COARSEST else "none"


def leader(arms: dict[str, Share]) -> tuple[str, Verdict] | None:
    """The arm with the largest share, and what may be said of it beside the next; None with fewer than two."""
    if len(arms) < 2:
        return None
    ranked = sorted(arms, key=lambda name: (-arms[name].value, name))
    return ranked[0], compared(arms[ranked[0]], arms[ranked[1]])
