"""The formulas. Each gives None where it has nothing to say (n/a), never 0 % or infinity.

Rates are fractions: 0.8 is 80 %. Money is a month's, in the reporting currency, in cents.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from crm.ledger.rules import add_months

#: From here on a customer retention rate is good, or great (Bain; the bands of DESIGN that pages put into words).
GOOD, GREAT = Fraction(85, 100), Fraction(90, 100)

#: Of fewer customers a rate is chance: pages say so instead of judging.
FEW = 10

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted and summed of a period, before any formula."""

    customers_start: int = 0  # CS
    customers_end: int = 0  # CE
    customers_new: int = 0  # CN: customers at the end who were none at the start, returners among them
    customers_lost: int = 0  # customers at the start who are none at the end
    mrr_start: Decimal = Decimal(0)
    mrr_end: Decimal = Decimal(0)
    #: Of those who had MRR at the start: what they have at the end, and that of it which they had at the start.
    mrr_stayed: Decimal = Decimal(0)
    mrr_kept: Decimal = Decimal(0)
    buyers: int = 0  # who bought anything up to the end
    repeat_buyers: int = 0  # who bought twice or more
    answers: int = 0
    good_answers: int = 0


#: So many of them, from the first on, are of the ledger and stay as they are once a period is over.
COUNTED = 8


def crr(counts: Counts) -> Fraction | None:
    """Customer retention rate: (CE − CN) / CS. Who left and returned within the period is kept.

    500 at the start, 600 at the end, 200 of them new: 4/5.
    """
    return _share(counts.customers_end - counts.customers_new, counts.customers_start)


def churn_rate(counts: Counts) -> Fraction | None:
    """Customer churn: lost / CS. With the retention rate it makes 1."""
    return _share(counts.customers_lost, counts.customers_start)


def grr(counts: Counts) -> Fraction | None:
    """Gross revenue retention: of the MRR at the start, what the same customers still bring, growth left out."""
    return _share(counts.mrr_kept, counts.mrr_start)


def nrr(counts: Counts) -> Fraction | None:
    """Net revenue retention: what those who had MRR at the start bring at the end, beside what they brought then."""
    return _share(counts.mrr_stayed, counts.mrr_start)


def arpa(counts: Counts) -> Decimal | None:
    """Average revenue per account: MRR at the end / customers at the end."""
    return _money(Fraction(counts.mrr_end), counts.customers_end)


def ltv(counts: Counts, months: Fraction) -> Decimal | None:
    """Lifetime value: ARPA × months of the period / churn of the period; n/a where nobody was lost."""
    churn = churn_rate(counts)
    if not churn or not counts.customers_end:
        return None
    return _money(Fraction(counts.mrr_end) * months, counts.customers_end * churn)


def repeat_purchase_rate(counts: Counts) -> Fraction | None:
    """Of all who bought anything up to the end, those who bought twice or more."""
    return _share(counts.repeat_buyers, counts.buyers)


def csat(counts: Counts) -> Fraction | None:
    """Good answers (4 and 5 of 5) / answers."""
    return _share(counts.good_answers, counts.answers)


def unsaid(counts: Counts) -> dict[str, str]:
    """By figure why it is n/a, in words; figures that have something to say are missing."""
    found: dict[str, str] = {}
    if not counts.customers_start:
        found |= dict.fromkeys(("crr", "churn_rate", "ltv"), "nobody was a customer at the start")
    if not counts.customers_end:
        found |= dict.fromkeys(("ltv", "arpa"), "nobody is a customer at the end")
    if counts.customers_start and counts.customers_end and not counts.customers_lost:
        found["ltv"] = "nobody was lost, so it has no end"
    if not counts.mrr_start:
        found |= dict.fromkeys(("nrr", "grr"), "nobody paid at the start")
    if not counts.buyers:
        found["repeat_purchase_rate"] = "nobody has bought anything yet"
    if not counts.answers:
        found["csat"] = "no answers in these days"
    return found


def band(rate: Fraction | None) -> str:
    """What a customer retention rate is called: great | good | low; blank where there is none."""
    if rate is None:
        return ""
    return "great" if rate > GREAT else "good" if rate > GOOD else "low"


def percent(rate: Fraction | None, places: int = 0) -> str:
    """Percents, with so many decimal places: “87”, “87.2”; blank for n/a. 100 only where all were kept, 0 only where
    nobody was."""
    if rate is None:
        return ""
    step = Fraction(1, 10**places)
    shown = round(rate * 100 / step) * step
    if shown == 100 and rate < 1:
        shown -= step
    elif shown == 0 and rate > 0:
        shown = step
    return f"{float(shown):.{places}f}"


def rate_words(rate: Fraction) -> str:
    """A rate as it stands on a page, to a tenth: “87.2 %”. Wherever the same rate stands, it reads the same."""
    return f"{percent(rate, 1)}\N{NARROW NO-BREAK SPACE}%"


def months_of(start: date, end: date) -> Fraction:
    """How many months lie between two days: whole ones, and of the last the share of its days.

    From the last day of a month to the last of another are whole months, as from the 1st to the 1st.
    """
    if _is_last(start) and _is_last(end):
        return Fraction(month_number(end) - month_number(start))
    whole = month_number(end) - month_number(start)
    if add_months(start, whole) > end:
        whole -= 1
    reached, following = add_months(start, whole), add_months(start, whole + 1)
    return whole + Fraction((end - reached).days, (following - reached).days)


@dataclass(frozen=True, slots=True)
class Kept:
    """Of the customers at the end of the month before, how many are customers at the end of this one."""

    month: date  # its first day
    customers: int
    kept: int

    @property
    def rate(self) -> Fraction | None:
        return _share(self.kept, self.customers)


def kept_by_month(customers: Sequence[tuple[int, int]], first: int, months: int) -> list[Kept]:
    """Of so many months after `first`, the oldest first.

    `customers` are pairs of bits, one for each month at whose end they were customers (`first` is the lowest), and how
    many had the same.
    """
    made = []
    for at in range(1, months + 1):
        there = sum(count for bits, count in customers if bits >> (at - 1) & 1)
        kept = sum(count for bits, count in customers if bits >> (at - 1) & 3 == 3)
        made.append(Kept(month_of(first + at), there, kept))
    return made


@dataclass(frozen=True, slots=True, order=True)
class Joined:
    """Of the customers at the start of a period those who had joined in a month (its first day), and who was lost."""

    month: date
    customers: int
    lost: int


#: A quarter's joiners are worth a sentence from so many lost on, if they leave so many times as often as the others,
#: and if chance makes that of fewer than about one in a thousand (so many standard errors).
FEWEST_LOST, _TIMES, _ERRORS = 5, Fraction(3, 2), 3


@dataclass(frozen=True, slots=True)
class Leavers:
    """Who joined in a quarter and leaves faster than the others."""

    first: date  # the first day of the quarter
    customers: int
    lost: int
    others: int
    others_lost: int

    @property
    def times(self) -> Fraction | None:
        """How many times as often as the others; None where of these nobody was lost."""
        mine, theirs = Fraction(self.lost, self.customers), Fraction(self.others_lost, self.others)
        return mine / theirs if theirs else None

    @property
    def is_more_than_chance(self) -> bool:
        """By the test of two proportions."""
        mine, theirs = Fraction(self.lost, self.customers), Fraction(self.others_lost, self.others)
        both = Fraction(self.lost + self.others_lost, self.customers + self.others)
        spread = both * (1 - both) * (Fraction(1, self.customers) + Fraction(1, self.others))
        return mine > theirs and (mine - theirs) ** 2 >= _ERRORS**2 * spread


def fast_leavers(joined: Sequence[Joined]) -> Leavers | None:
    """The quarter of joining whose customers leave so much faster that it is worth saying; None: nothing is."""
    quarters: dict[date, list[Joined]] = {}
    for month in joined:
        first = month.month.replace(month=month.month.month - (month.month.month - 1) % 3)
        quarters.setdefault(first, []).append(month)
    everybody, lost = sum(month.customers for month in joined), sum(month.lost for month in joined)
    found = []
    for first, months in quarters.items():
        mine, mine_lost = sum(month.customers for month in months), sum(month.lost for month in months)
        if mine_lost < FEWEST_LOST or mine == everybody:
            continue
        told = Leavers(first, mine, mine_lost, everybody - mine, lost - mine_lost)
        if told.is_more_than_chance and (told.times is None or told.times >= _TIMES):
            found.append(told)
    return max(found, key=lambda one: (Fraction(one.lost, one.customers), one.first), default=None)


#: New money is worth a warning from this share of the MRR at the start on, if all together grew by less than that one.
NEW_SHARE, STANDS_STILL = Fraction(5, 100), Fraction(1, 100)


def grows_in_vain(mrr_start: Decimal, mrr_end: Decimal, mrr_new: Decimal) -> bool:
    """Whether new customers come while revenue stands still, since as much is lost (F138)."""
    if mrr_start <= 0:
        return False
    start = Fraction(mrr_start)
    return Fraction(mrr_new) >= NEW_SHARE * start and Fraction(mrr_end) - start < STANDS_STILL * start


#: What is counted beforehand costs at most about this share of one connection's time.
_AT_REST, _BREATH = 20, timedelta(minutes=1)


def again_from(made_at: datetime, took: float) -> datetime:
    """When figures that took so many seconds may be counted again."""
    return made_at + max(_BREATH, timedelta(seconds=took * _AT_REST))


def _share(part: int | Decimal, whole: int | Decimal) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def _money(amount: Fraction, by: int | Fraction) -> Decimal | None:
    if not by:
        return None
    exact = amount / by
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_CENT, ROUND_HALF_EVEN)


def month_number(day: date) -> int:
    """Months counted from the year 0 on."""
    return day.year * 12 + day.month - 1


def month_of(number: int) -> date:
    """The first day of a month counted so."""
    return date(number // 12, number % 12 + 1, 1)


def _is_last(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]
