"""Who needs a human today, and how much: arithmetic that works on numbers and on database expressions alike.

And how often somebody looks whether work stands still.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

#: So often somebody looks whether work stands still.
LOOK_EVERY = timedelta(minutes=1)

#: A renewal is in sight this many days before it.
RENEWAL_DAYS = 90

#: From this day of silence on somebody should say hello, and from the second on it cannot get worse.
SILENT_DAYS = 14
SILENT_DAYS_WORST = 90

#: A call or letter within so many days makes a renewal less urgent: somebody is on to it.
SPOKEN_DAYS = 7
SPOKEN_LEAVES = 0.4

#: So near a renewal of somebody who must not be contacted wants a decision: no reminder will reach them.
STOPPED_DAYS = 30
#: A goal is asked about from the first number of days before its day until the second behind it, and again after the
#: first has passed.
GOAL_DAYS, GOAL_DAYS_WORST = 14, 60
#: For so long a new customer wants a hand-off.
HAND_OFF_DAYS = 30
#: A birthday is near, and how urgent it is; never as much as anything else.
BIRTHDAY_DAYS, BIRTHDAY_URGENCY = 7, 0.05

#: The audit counts customers whom nobody has spoken or written to for so long; each viewer sets their own for Today.
UNTOUCHED_DAYS = 30

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


def goal_urgency(days_left: Any) -> Any:
    """0 when it comes into sight, half as urgent as anything can be when it is long overdue."""
    return (GOAL_DAYS - days_left) / float(2 * (GOAL_DAYS + GOAL_DAYS_WORST))


def hand_off_urgency(days: Any) -> Any:
    """From 0.2 on the first day to 0.5 at the end: every talk until then begins without knowing what was promised."""
    return (days * 3 + 2 * HAND_OFF_DAYS) / float(10 * HAND_OFF_DAYS)


def goal_need(days_left: int, goal: str) -> str:
    """The sentence of a goal that is due, or was."""
    when = f"was due {days_words(-days_left)} ago" if days_left < 0 else f"is due {in_days_words(days_left)}"
    return f"Their goal {when}: {goal}"


def yearly(day: date) -> int:
    """A day without its year, as a number: month × 100 + day."""
    return day.month * 100 + day.day


def days_to(number: int, today: date) -> int:
    """Days until the next day with that `yearly` number; it is a near one."""
    return next(ahead for ahead in range(366) if yearly(today + timedelta(days=ahead)) == number)


def in_days_words(days: int) -> str:
    return "today" if days == 0 else f"in {days_words(days)}"


def renewal_need(days_left: int, untouched: int | None) -> tuple[str, float]:
    """Sentence and urgency of a renewal; `untouched` are the days since somebody was in touch, None if nobody ever."""
    when = in_days_words(days_left)
    urgency = float(renewal_urgency(days_left))
    if untouched is None:
        return f"Renewal {when}, nobody has been in touch yet", urgency
    if untouched <= SPOKEN_DAYS:
        ago = "today" if untouched == 0 else f"{days_words(untouched)} ago"
        return f"Renewal {when}, last touch {ago}", urgency * SPOKEN_LEAVES
    return f"Renewal {when}, no touch for {days_words(untouched)}", urgency


def a_year(mrr: Decimal) -> Decimal:
    return mrr * 12


@dataclass(frozen=True, slots=True)
class Need:
    """Why one customer needs somebody: a sentence, how urgent (0…1), and what to do in a word or two."""

    account_id: int
    sentence: str
    urgency: float
    action: str


def by_customer(needs: Iterable[Need]) -> dict[int, list[Need]]:
    """All reasons of each customer, the most urgent first; of equals the one that was named first."""
    found: defaultdict[int, list[Need]] = defaultdict(list)
    for need in needs:
        found[need.account_id].append(need)
    return {pk: sorted(reasons, key=lambda need: -need.urgency) for pk, reasons in found.items()}


def priority(mrr: Decimal, urgency: float) -> float:
    """Revenue at risk × urgency: what is at stake, and how soon.

    At risk is a year's revenue, MRR × 12, whatever the contract has left: who goes does not come back next year either.
    """
    return float(a_year(mrr)) * urgency


def greeting(local: datetime) -> str:
    """By the viewer's own hour."""
    if 5 <= local.hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= local.hour < 18 else "Good evening"


def days_words(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
