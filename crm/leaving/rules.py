"""What fits whoever wants to leave, and the day on which a contract ends. Without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from crm.ledger.rules import add_months

PAUSE, DISCOUNT, SMALLER, TALK, END = "pause", "discount", "smaller", "talk", "end"
#: What can be offered, and how it reads among ourselves.
OFFERS = {
    PAUSE: "A pause", DISCOUNT: "A discount for some months", SMALLER: "A smaller plan, as a request",
    TALK: "A talk with whoever looks after them",
}  # fmt: skip
#: Those that cost money, so that each customer gets them only so often.
LIMITED = (PAUSE, DISCOUNT)


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody who gives a reason may have instead of leaving."""

    kind: str
    percent: int = 0
    months: int = 0
    words: str = ""


#: To a customer: nothing is left for them to do.
NO_MORE = "You need do nothing more."
#: By what was decided: what billing is asked to do, has done, and that it has.
_BILLING = {
    END: ("to stop", "stopped", "Our billing has stopped: nothing is charged from that day on."),
    PAUSE: ("to pause", "paused", "Our billing has paused: nothing is charged until you go on."),
    "less": ("to charge you less", "done so", "Our billing charges you less, from the next bill on."),
}  # fmt: skip


def billing_words(what: str, state: str, *, mails: bool) -> str:
    """What is true in billing at this moment. `state` as `crm.slots.deciding.Billed`; `mails`: they hear when it is."""
    if what not in _BILLING:
        return NO_MORE
    to_do, done, now = _BILLING[what]
    if state == "done":
        return f"{now} {NO_MORE}"
    if state == "person":
        return f"One of us tells our billing {to_do}. If you are charged all the same, answer any mail of ours."
    then = f"; you get a mail when it has {done}." if mails else ", and wait for its answer."
    return f"We have asked our billing {to_do}{then}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a contract stands today, as far as offers depend on it."""

    status: str
    is_paid_for: bool  # a term runs today that costs something
    had_last: date | None  # when this customer got this kind of offer last, on whichever contract


def fitting(offer: Offer | None, standing: Standing, today: date, every_days: int) -> Offer | None:
    """The offer, if this customer can have it today; None: there is nothing to offer.

    A limited one comes again on the day `every_days` days after the last.
    """
    if offer is None or offer.kind not in OFFERS:
        return None
    if offer.kind in LIMITED and standing.had_last and today < standing.had_last + timedelta(days=every_days):
        return None
    possible = {
        PAUSE: standing.status == "paid",
        DISCOUNT: standing.status in ("paid", "paused") and standing.is_paid_for,
        SMALLER: standing.status in ("paid", "paused") and standing.is_paid_for,
        TALK: True,
    }
    return offer if possible[offer.kind] else None


@dataclass(frozen=True, slots=True)
class Term:
    """A booked term; half-open, None is open. `period_starts_on` is where the period began that it is a part of."""

    starts_on: date
    ends_on: date | None
    period_starts_on: date


def ends_on(terms: Sequence[Term], today: date) -> date | None:
    """The first day without the contract if the customer cancels today; None: nothing of it runs or will.

    What is paid for runs to its end: the term's, or in an open one the month's, counted from its first day. A contract
    that has not begun never does.
    """
    running = next(
        (term for term in terms if term.starts_on <= today and (not term.ends_on or term.ends_on > today)), None
    )
    if running is None:
        return min((term.starts_on for term in terms if term.starts_on > today), default=None)
    if running.ends_on:
        return running.ends_on
    began = running.period_starts_on
    months = (today.year - began.year) * 12 + today.month - began.month
    return next(day for more in (months, months + 1) if (day := add_months(began, more)) > today)
