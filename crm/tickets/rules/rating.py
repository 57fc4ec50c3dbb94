"""Satisfaction: when people are asked, what they can say, and the figure that is made of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

#: So long after the solving: whoever writes back at once is not asked.
ASKED_AFTER = timedelta(minutes=15)
#: A question that could not leave for so long is not asked any more.
KEEPS = timedelta(days=3)
#: For so long an answer can be given anew.
CHANGED_FOR = timedelta(days=7)
LONGEST_COMMENT = 2000

SCORES = ((1, "Very bad"), (2, "Bad"), (3, "All right"), (4, "Good"), (5, "Very good"))
#: Up to this people of ours are told; from this on an answer counts as good.
LOW, GOOD = 2, 4
#: Fewer answers than this are a hint and no finding.
FEW = 10


def csat(scores: Iterable[int]) -> float | None:
    """The share of good answers among all; None without any."""
    given = list(scores)
    return sum(score >= GOOD for score in given) / len(given) if given else None
