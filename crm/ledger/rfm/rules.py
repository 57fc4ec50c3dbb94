"""The formula of RFM: quintiles of three measures, and the class that two of them make.

**Measures**, of everybody who bought within the last WINDOW_DAYS:

    R  recency    the day on which they last did something themselves: signed a contract, bought, used the product
    F  frequency  how often they bought: purchases, payments without a contract, and each month of a paid term
    M  monetary   what they paid for that, in the reporting currency

**Scores** run from 1 to 5, the fifth of the customers who are best having 5. Equal values get equal scores, by the
middle of their ranks: with n customers, b of them below a value and e of them at it, the score is
1 + the number of the fifths 0.2, 0.4, 0.6, 0.8 that lie below (b + e/2) / n. So five different values get 1 to 5, and
if everybody has the same value, everybody has 3.

**Classes** come from the grid of R against V = (F + M) / 2, halves rounded up. Quintiles of recency, frequency and
money are Arthur M. Hughes' (Strategic Database Marketing, 1994); the named classes on a grid of five by five are common
use, reduced to nine here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

#: Purchases of so many days count.
WINDOW_DAYS = 730
WINDOW = timedelta(days=WINDOW_DAYS)
#: Days of a month, when paid days are turned into months.
DAYS_A_MONTH = "30.4375"

FIFTHS = (0.2, 0.4, 0.6, 0.8)

#: Code → (label, tone of its badge, what to do), the most valuable first.
CLASSES: dict[str, tuple[str, str, str]] = {
    "champions": ("Champions", "good", "Thank them, and ask for references."),
    "loyal": ("Loyal", "good", "Offer more of what they use."),
    "promising": ("Promising", "info", "Show them what they do not use yet."),
    "new": ("New or small", "info", "Make the first weeks a success."),
    "attention": ("Needs attention", "warn", "Ask how it goes before they drift away."),
    "sleeping": ("About to sleep", "warn", "Give a reason to come back."),
    "at_risk": ("At risk", "bad", "They were good customers: call."),
    "precious": ("Must not be lost", "bad", "Among the best, and gone quiet: call first."),
    "hibernating": ("Hibernating", "", "Win back if it is cheap."),
}

#: Rows: R from 5 to 1. Columns: V from 5 to 1.
_GRID = (
    ("champions", "champions", "promising", "promising", "new"),
    ("champions", "loyal", "loyal", "promising", "new"),
    ("loyal", "loyal", "attention", "attention", "sleeping"),
    ("at_risk", "at_risk", "at_risk", "sleeping", "hibernating"),
    ("precious", "precious", "at_risk", "hibernating", "hibernating"),
)


def class_of(r: int, f: int, m: int) -> str:
    """The code of the class. Each score is 1 to 5."""
    value = (f + m + 1) // 2
    return _GRID[5 - r][5 - value]


def every_class() -> list[tuple[int, int, int, str]]:
    """(r, f, m, code) of all there are: for a database to look up."""
    scores = range(1, 6)
    return [(r, f, m, class_of(r, f, m)) for r, f, m in product(scores, scores, scores)]


def score(value: int, values: Sequence[int]) -> int:
    """Of one value among all, as the formula above says it; the database does the same for everybody at once."""
    below = sum(other < value for other in values)
    at = sum(other == value for other in values)
    rank = (below + at / 2) / len(values)
    return 1 + sum(fifth < rank for fifth in FIFTHS)
