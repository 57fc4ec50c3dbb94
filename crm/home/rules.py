"""Who needs a human today, and how much: arithmetic that works on numbers and on database expressions alike.

And how often somebody looks whether work stands still.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

#: So often somebody looks whether work stands still.
LOOK_EVERY = timedelta(minutes=1)

#: A renewal is in sight this many days before it.
RENEWAL_DAYS = 90

#: From this day of silence on somebody should say hello, and from the second on it cannot get worse.
SILENT_DAYS = 14
SILENT_DAYS_WORST = 90

#: How many customers fit into one day.
CAPACITY = 8

#: Each reason names at most this many customers; beyond it Today says “more than”.
MOST_NEEDS = 200


def renewal_urgency(days_left: Any) -> Any:
    """0 when the renewal comes into sight, 1 on its day: the square of the part of the time that has passed.

    Squared, because a near renewal must weigh more than a larger one far off: 0.08 at 64 days, 0.25 at 45, 0.75 at 12.
    """
    passed = (RENEWAL_DAYS - days_left) / float(RENEWAL_DAYS)
    return passed * passed


def silence_urgency(days: Any) -> Any:
    """Of at most SILENT_DAYS_WORST days: 1 then, a part of it before."""
    return days / float(SILENT_DAYS_WORST)


def a_year(mrr: Decimal) -> Decimal:
    return mrr * 12


@dataclass(frozen=True, slots=True)
class Need:
    """Why one customer needs somebody: a sentence, how urgent (0…1), and what to do in a word or two."""

    account_id: int
    sentence: str
    urgency: float
    action: str


def most_urgent(needs: Iterable[Need]) -> dict[int, Need]:
    """One reason for each customer. The first of equals stays."""
    chosen: dict[int, Need] = {}
    for need in needs:
        if need.account_id not in chosen or need.urgency > chosen[need.account_id].urgency:
            chosen[need.account_id] = need
    return chosen


def priority(mrr: Decimal, urgency: float) -> float:
    """Yearly revenue × urgency: what is at stake, and how soon."""
    return float(a_year(mrr)) * urgency


def greeting(local: datetime) -> str:
    """By the viewer's own hour."""
    if 5 <= local.hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= local.hour < 18 else "Good evening"


def days_words(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
