"""When a review is made and sent, and what it says: sentences from figures, or none where nothing is notable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from crm.ledger.rules import add_months
from crm.web.rules import local_moment
from retention.metrics.rules import FEW, Counts, band, percent, rate_words, unsaid

#: A review is counted at this hour of the installation's clock, and leaves at the other of the reader's own.
COUNTED_AT, SENT_AT = time(6), time(8)
#: A mail that could not leave within so long is not sent: the page says it.
STALE = timedelta(days=7)
#: The most names that a review keeps of each kind, the largest first.
MOST_NAMES = 200

# What is notable ------------------------------------------------------------------------------------------------------

POINT = Fraction(1, 100)  # by which a rate must have moved
MRR_SHARE = Fraction(2, 100)  # by which MRR must have moved
REASON_SHARE, LEAST_REASONS = Fraction(40, 100), 5  # of those who left and said why
COMPLAINT_SHARE, LEAST_COMPLAINTS = Fraction(30, 100), 5  # of the month's tickets
LOW_CSAT, LEAST_ANSWERS = Fraction(70, 100), 5
REOPENED_SHARE, LEAST_REOPENED = Fraction(15, 100), 3


def month_after(month: date) -> date:
    return add_months(month, 1)


def first_working_day(month: date, works: Callable[[date], bool]) -> date:
    """Of the month after; where no day of a month is one, the first from Monday to Friday."""
    first = month_after(month)
    days = [first + timedelta(days=ahead) for ahead in range(28)]
    return next((day for day in days if works(day)), next(day for day in days if day.weekday() < 5))


def counted_at(day: date, zone: ZoneInfo) -> datetime:
    return local_moment(day, COUNTED_AT, zone)


def sent_at(day: date, reader: ZoneInfo, counted: datetime) -> datetime:
    """In the reader's morning, and never before there is something to send."""
    return max(local_moment(day, SENT_AT, reader), counted)


# What is known of a month ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    id: int
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Category:
    """What customers asked about. `id` 0: nothing in particular."""

    id: int
    name: str
    opened: int
    reopened: int
    answers: int
    good: int

    @property
    def csat(self) -> Fraction | None:
        return Fraction(self.good, self.answers) if self.answers else None


@dataclass(frozen=True, slots=True)
class Facts:
    """`figures` and `before` are those of retention.metrics.figures, as they were told; `renewals` and `leavers` are
    the largest accounts with what they bring a month."""

    month: date
    figures: Mapping[str, Any]
    before: Mapping[str, Any]
    reasons: Sequence[Reason] = ()
    categories: Sequence[Category] = ()
    saved: int = 0
    reinstated: int = 0
    renewing: int = 0
    renewing_mrr: Decimal = Decimal(0)
    renewals: Sequence[tuple[int, str]] = ()
    leavers: Sequence[tuple[int, str]] = ()

    @property
    def left_saying_why(self) -> int:
        return sum(reason.count for reason in self.reasons)

    @property
    def tickets(self) -> int:
        return sum(category.opened for category in self.categories)

    def rate(self, name: str, *, before: bool = False) -> Fraction | None:
        value = (self.before if before else self.figures)[name]
        return None if value is None else Fraction(value).limit_denominator(10**9)

    def money(self, name: str, *, before: bool = False) -> Decimal:
        return Decimal((self.before if before else self.figures)[name] or 0)

    @property
    def unsaid(self) -> Mapping[str, str]:
        """Why a figure is n/a, by its name; of customers and of their money."""
        counted = {name: self.figures[name] for name in ("customers_start", "customers_end", "customers_lost")}
        return unsaid(Counts(**counted, mrr_start=self.money("mrr_start")))


# What is said of it ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; `names` is what opens the names behind it (see retention.reports.behind)."""

    text: str
    names: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    parts: tuple[Part, ...]
    tone: str = ""  # good, bad or blank

    def __str__(self) -> str:
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Said:
    """What is notable, in its sections."""

    changed: list[Sentence] = field(default_factory=list)
    left: list[Sentence] = field(default_factory=list)
    broken: list[Sentence] = field(default_factory=list)
    saved: list[Sentence] = field(default_factory=list)
    next: list[Sentence] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        return not (self.changed or self.left or self.broken or self.saved or self.next)

    @property
    def sections(self) -> list[tuple[str, str, list[Sentence]]]:
        """Name, title and sentences of those that have any."""
        named = (
            ("changed", "What changed", self.changed), ("left", "Why customers left", self.left),
            ("broken", "What is broken", self.broken), ("saved", "Who was saved", self.saved),
            ("next", "What renews next", self.next),
        )  # fmt: skip
        return [each for each in named if each[2]]


def said(facts: Facts, money: Callable[[Decimal], str]) -> Said:
    """The sentences of a month; `money` puts an amount into words."""
    return Said(
        [*_kept(facts), *_revenue(facts, money)], _left(facts), _broken(facts), _saved(facts), _next(facts, money)
    )


def _kept(facts: Facts) -> list[Sentence]:
    """The retention rate, where it moved by a point or into another band, and there were enough to judge by."""
    now, was = facts.rate("crr"), facts.rate("crr", before=True)
    start, lost = facts.figures["customers_start"], facts.figures["customers_lost"]
    if now is None or start < FEW:
        return []
    judged = was is not None and facts.before["customers_start"] >= FEW
    moved = now - was if was is not None and judged else Fraction(0)
    if abs(moved) < POINT and (not judged or band(now) == band(was)):
        return []
    points = f"{float(abs(moved) * 100):.1f}".removesuffix(".0")
    than = f"{points} point{'' if points == '1' else 's'} {'more' if moved > 0 else 'fewer'} than the month before"
    parts = (
        Part(f"{rate_words(now)} of ", ""), Part(f"{start:,} customers", "start"), Part(f" were kept, {than}: "),
        Part(f"{lost:,} left" if lost else "nobody left", "lost" if lost else ""), Part("."),
    )  # fmt: skip
    return [Sentence(parts, "good" if moved > 0 else "bad")]


def _revenue(facts: Facts, money: Callable[[Decimal], str]) -> list[Sentence]:
    """MRR, where it moved by two in a hundred; and growth by new customers alone, while those who were there shrink."""
    start, end, nrr = facts.money("mrr_start"), facts.money("mrr_end"), facts.rate("nrr")
    if not start or abs(Fraction(end - start)) / Fraction(start) < MRR_SHARE:
        return []
    grew = end > start
    found = Part(f"MRR {'grew' if grew else 'shrank'} from {money(start)} to "), Part(money(end), "end"), Part(".")
    sentences = [Sentence(found, "good" if grew else "bad")]
    if grew and nrr is not None and nrr < 1:
        text = f"It grew by new customers alone: those who were there bring {rate_words(nrr)} of what they brought."
        sentences.append(Sentence((Part(text),), "bad"))
    return sentences


def _left(facts: Facts) -> list[Sentence]:
    """The one reason that so many name."""
    total, first = facts.left_saying_why, next(iter(facts.reasons), None)
    if first is None or total < LEAST_REASONS or Fraction(first.count, total) < REASON_SHARE:
        return []
    share = percent(Fraction(first.count, total))
    parts = Part(f"{share} % of those who cancelled, "), Part(f"{first.count:,} of {total:,}", f"reason-{first.id}")
    return [Sentence((*parts, Part(f", gave the reason “{first.name}”.")), "bad")]


def _broken(facts: Facts) -> list[Sentence]:
    """What most complain about, what leaves them discontent, and what comes back: of each the worst."""
    named = [category for category in facts.categories if category.id]
    return [*_asked_about(named, facts.tickets), *_discontent(named), *_reopened(named)]


def _asked_about(named: Sequence[Category], tickets: int) -> list[Sentence]:
    most = max(named, key=lambda one: one.opened, default=None)
    if most is None or most.opened < LEAST_COMPLAINTS or Fraction(most.opened, tickets) < COMPLAINT_SHARE:
        return []
    words = Part(f"{most.opened:,} of {tickets:,} tickets", f"opened-{most.id}")
    return [Sentence((words, Part(f" were about “{most.name}”.")), "bad")]


def _discontent(named: Sequence[Category]) -> list[Sentence]:
    judged = [(one.csat, one.name, one) for one in named if one.csat is not None and one.answers >= LEAST_ANSWERS]
    if not judged or min(judged, key=_place)[0] >= LOW_CSAT:
        return []
    rate, name, worst = min(judged, key=_place)
    before = Part(f"{percent(rate)} % were content with help about “{name}”, of ")
    return [Sentence((before, Part(f"{worst.answers:,} answers", f"rated-{worst.id}"), Part(".")), "bad")]


def _place(judged: tuple[Fraction, str, Category]) -> tuple[Fraction, str, int]:
    return judged[0], judged[1], judged[2].id


def _reopened(named: Sequence[Category]) -> list[Sentence]:
    back = [
        one for one in named
        if one.reopened >= LEAST_REOPENED and Fraction(one.reopened, max(one.opened, 1)) >= REOPENED_SHARE
    ]  # fmt: skip
    if not back:
        return []
    worst = max(back, key=lambda one: one.reopened)
    words = Part(f"{worst.reopened:,} tickets", f"reopened-{worst.id}")
    return [Sentence((words, Part(f" about “{worst.name}” were opened again.")), "bad")]


def _saved(facts: Facts) -> list[Sentence]:
    found = []
    if facts.saved:
        times = "Once" if facts.saved == 1 else f"{facts.saved:,} times"  # of several contracts each counts
        parts = Part(f"{times} a customer who wanted to leave stayed", "saved"), Part(" with a pause or a discount.")
        found.append(Sentence(parts, "good"))
    if facts.reinstated:
        who = "cancellation was" if facts.reinstated == 1 else "cancellations were"
        found.append(Sentence((Part(f"{facts.reinstated:,} {who} withdrawn", "reinstated"), Part(".")), "good"))
    return found


def _next(facts: Facts, money: Callable[[Decimal], str]) -> list[Sentence]:
    if not facts.renewing:
        return []
    what = "contract ends" if facts.renewing == 1 else "contracts end"
    when = f"{month_after(facts.month):%B}"
    parts = Part(f"{facts.renewing:,} {what}", "renewing"), Part(f" in {when}, {money(facts.renewing_mrr)} a month.")
    return [Sentence(parts)]
