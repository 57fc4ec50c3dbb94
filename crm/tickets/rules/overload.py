"""Support overload: when one thing brings far more tickets than it used to.

Tickets about one category are taken as a Poisson process whose rate is that of its own past. What came in the last days
is far above it when so many or more would come less than once in two thousand looks, and are at least twice as many.
An overload is over when what comes would be nothing special any more.
"""

from __future__ import annotations

from math import exp

#: Days that are looked at, and those before them that they are compared with.
LOOKED_AT, PAST = 3, 56
#: Fewer tickets are no overload, whatever was before: of one customer, and of all.
FEWEST_OF_ONE, FEWEST_OF_ALL = 4, 8
#: So many are expected at least, though the past has none: a first week is no catastrophe.
LEAST_EXPECTED = 0.5
#: How rare they must be to begin, and how common to be over.
RARE, COMMON = 0.0005, 0.05
TIMES = 2.0


def usual(before: int) -> float:
    """How many are expected within the days that are looked at, by how many there were in the past."""
    return before * LOOKED_AT / PAST


def usual_words(expected: float) -> str:
    """For people, who know no hundredths of a ticket: “hardly any”, “1.5”, “12”."""
    return "hardly any" if expected < LEAST_EXPECTED else f"{expected:.1f}".removesuffix(".0")


def begins(found: int, before: int, fewest: int) -> bool:
    expected = max(usual(before), LEAST_EXPECTED)
    return found >= fewest and found >= TIMES * expected and tail(found, expected) < RARE


def goes_on(found: int, before: int) -> bool:
    return found > 0 and tail(found, max(usual(before), LEAST_EXPECTED)) < COMMON


def tail(found: int, expected: float) -> float:
    """How probable so many or more are, where `expected` come on average."""
    if expected > 700:  # e⁻⁷⁰⁰ is the smallest that a float holds well; so far out the tail is none that matters
        return 0.0 if found > TIMES * expected else 1.0
    term = fewer = exp(-expected)
    for number in range(1, found):
        term *= expected / number
        fewer += term
    return max(0.0, 1.0 - fewer) if found else 1.0
