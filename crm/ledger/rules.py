"""Arithmetic of contracts: how long a term is, when the next one runs, what a sale is beside them, which of its days
count. A term covers [starts_on, ends_on)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

#: A contract that renews by itself more often than this, such as every month, has no end to remind anybody of.
SHORT_TERM = timedelta(days=63)

#: A contract that ended within so many days wants a word: renewed, or gone. What ended before is history.
LAPSED_DAYS = 90

#: How often somebody looks whether a contract is to be renewed.
LOOK_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """When a term runs: half-open, `ends_on` is the first day without service."""

    starts_on: date
    ends_on: date


def add_months(day: date, months: int, anchor: int | None = None) -> date:
    """`day` so many months on, on day `anchor` of the month (default: its own) or the month's last if it has none.

    31 January + 1 month = 28 February; with anchor 31, 28 February + 1 month = 31 March.
    """
    years, month = divmod(day.month - 1 + months, 12)
    return _in_month(day.year + years, month + 1, anchor or day.day)


def anchor_of(starts: Sequence[date]) -> int:
    """The day of the month on which a contract's terms begin, from their starts in order.

    It is the day of the earliest term that all later ones keep to, so that a start on the 31st is not lost in
    February; a contract that was moved to another day goes by its newer terms.
    """
    for number, first in enumerate(starts):
        if all(_keeps_to(first.day, later) for later in starts[number:]):
            return first.day
    raise ValueError("a contract without terms has no day of the month")


def next_stretch(last: Stretch, anchor: int) -> Stretch:
    """The term after `last`: as many whole months where it ran whole months, else as many days."""
    months = _whole_months(last, anchor)
    if months:
        return Stretch(last.ends_on, add_months(last.ends_on, months, anchor))
    return Stretch(last.ends_on, last.ends_on + (last.ends_on - last.starts_on))


def renewals(starts: Sequence[date], last: Stretch, until: date) -> Iterator[Stretch]:
    """The terms that follow `last` until one covers `until`; none when `last` does.

    `starts` are the starts of all terms of the contract in order, `last`'s included.
    """
    anchor = anchor_of(starts)
    while last.ends_on <= until:
        last = next_stretch(last, anchor)
        yield last


def _whole_months(stretch: Stretch, anchor: int) -> int:
    """How many months the term runs from its day of the month to the same; 0 when it does not."""
    start, end = stretch.starts_on, stretch.ends_on
    months = (end.year - start.year) * 12 + end.month - start.month
    aligned = _keeps_to(anchor, start) and months > 0 and add_months(start, months, anchor) == end
    return months if aligned else 0


def _keeps_to(anchor: int, day: date) -> bool:
    return day == _in_month(day.year, day.month, anchor)


def _in_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Running:
    """What a plan brings that an account has now: a month, in the reporting currency."""

    plan: str
    mrr: Decimal


def kind_of(running: Sequence[Running], plan: str, mrr: Decimal) -> str:
    """What a sale is beside what runs: new | renewal | expansion | contraction. `mrr` is a month's, as theirs.

    Who has nothing is new, whoever they were before. A plan that they have is replaced: it grows, shrinks or is
    renewed as it is; another one comes on top of it, and is an expansion.
    """
    if not running:
        return "new"
    same = [one.mrr for one in running if one.plan.casefold() == plan.casefold()]
    if not same or mrr > sum(same):
        return "expansion"
    return "contraction" if mrr < sum(same) else "renewal"


# What a status brings -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a contract, with the two days that go with it."""

    status: str
    paid_from: date | None = None  # before it the terms count for nothing: it was a trial
    cancelled_on: date | None = None  # from it on the terms count for nothing


#: With these the terms of a contract count.
COUNTED = ("paid", "paused", "cancelled")
_NOT_YET = ("trial", "expected")


def turned(was: Standing | None, status: str, today: date) -> Standing:
    """What a contract is when it takes this status today; `was` is None for a new one.

    A trial that becomes anything else begins to count today. One that is a trial again never was anything else. A sale
    that is confirmed counts from its first day on; one that falls through never counts. crm.ledger.actions.standing
    says the same in SQL.
    """
    if was and was.status == status:
        return was
    cancelled_on = today if status == "cancelled" else None
    if status in _NOT_YET:
        return Standing(status, None, None)
    if was and (was.status == "trial" or (was.status == "expected" and status == "cancelled")):
        return Standing(status, today, cancelled_on)
    return Standing(status, was.paid_from if was else None, cancelled_on)


# Who was a customer, and for how much ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a customer at one MRR; half-open, None is open."""

    starts_on: date
    ends_on: date | None
    mrr: Decimal = Decimal(0)


def effective(standing: Standing, term: Span) -> Span | None:
    """The days of a term that count: none before it was paid, none from the cancellation on. None: none at all.

    EFFECTIVE in crm.ledger.actions.effective says the same in SQL.
    """
    if standing.status not in COUNTED:
        return None
    starts_on = max(term.starts_on, standing.paid_from or term.starts_on)
    ends = [day for day in (term.ends_on, standing.cancelled_on) if day]
    ends_on = min(ends) if ends else None
    return Span(starts_on, ends_on, term.mrr) if ends_on is None or starts_on < ends_on else None


def cents(amount: Decimal) -> Decimal:
    """Rounded once, halves to the even cent."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
