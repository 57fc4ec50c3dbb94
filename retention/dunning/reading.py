"""What pages and the API read of cases: lines with words, the report of what came in, and how one account stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models.functions import Round, TruncMonth

from crm.ledger.rules import add_months
from crm.team.models import User
from crm.team.models.hours import house_hours
from crm.web import clock
from crm.web.days import BEYOND, within
from crm.web.rules import local_moment
from retention.dunning import rules
from retention.dunning.models import FAILING, CaseQuerySet, DunningCase, DunningSettings

State = DunningCase.State
#: How a case can stand in the report: column → (heading, state, why). Every case stands in one of them.
WAYS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "retry": ("By a try", State.RECOVERED, (rules.RETRY,)),
    "message": ("After a message", State.RECOVERED, (rules.MESSAGE,)),
    "person": ("By a colleague", State.RECOVERED, (rules.PERSON,)),
    "themselves": ("By themselves", State.RECOVERED, (rules.THEMSELVES,)),
    "lost": ("Lost", State.LOST, ()),
    "forgiven": ("Forgiven", State.FORGIVEN, ()),
    "open": ("Still open", State.OPEN, ()),
}
RECOVERED = ("retry", "message", "person", "themselves")
#: Months that the report shows.
MONTHS = 12
#: What a case is worth in the reporting currency, in cents as the booked rate has it.
WORTH = ExpressionWrapper(
    Round(F("payment__amount") * F("payment__rate"), 2), output_field=DecimalField(max_digits=18, decimal_places=2)
)


@dataclass(frozen=True, slots=True)
class Line:
    """A case, as a list says it."""

    case: DunningCase
    standing: str  # grace | near | over while it is open; else its state
    grace: str
    next: str
    last_day: date


def line(case: DunningCase, chosen: DunningSettings, now: datetime) -> Line:
    zone = clock.zone()
    standing = case.standing(now, timedelta(days=chosen.near_days)) if case.is_open else case.state
    grace = rules.left_words(case.grace_ends_at, now, zone) if case.is_open else ""
    return Line(case, standing, grace, next_words(case), rules.last_day(case.grace_ends_at, zone))


def next_words(case: DunningCase) -> str:
    """What happens next, in words; blank for a case that is over."""
    if not case.is_open:
        return ""
    if case.payment.status not in FAILING:
        return "Paid: it closes in a moment"
    if case.asked_at:
        return "Being tried now"
    if case.stopped_at:
        return "No more tries, as decided"
    if case.wants_card:
        return "Not tried: another card is wanted"
    if case.provider_at:
        return f"{rules.said(case.provider_at, case.clock)}: the billing system tries by itself"
    if case.next_at:
        return rules.explained(rules.Planned(case.next_at, case.next_why), case.clock)
    return "No more tries: the plan is over"


def plan_of(case: DunningCase, chosen: DunningSettings) -> list[str]:
    """All tries to come, should each of them fail."""
    if not case.is_open or case.next_at is None or case.stopped_at:
        return []
    first = rules.Planned(case.next_at, case.next_why)
    told = rules.Told(case.failed_at, case.next_at, case.tries + 1)
    later = rules.rest_of_plan(chosen.ways(), told, case.clock, house_hours().closed, case.next_at)
    return [rules.explained(planned, case.clock) for planned in (first, *later)]


def narrowed(rows: CaseQuerySet, month: str = "", way: str = "", since: str = "") -> CaseQuerySet:
    """Cases that failed in a month (2026-05) or since one, and stand in a column of the report. Raises ValueError."""
    if since:
        rows = rows.filter(failed_at__gte=_month(date.fromisoformat(f"{since}-01"))[0])
    if month:
        begin, end = _month(date.fromisoformat(f"{month}-01"))
        rows = rows.filter(failed_at__gte=begin, failed_at__lt=end)
    if way == "recovered":
        return rows.filter(state=State.RECOVERED)
    if way and way != "failed":
        if way not in WAYS:
            raise ValueError(f"{way} is no column of the report")
        _, state, whys = WAYS[way]
        rows = rows.filter(state=state, **({"why__in": whys} if whys else {}))
    return rows


def _month(first: date) -> tuple[datetime, datetime]:
    """Raises ValueError for one beyond the calendar."""
    if not within(first):
        raise ValueError(f"{first:%Y-%m} {BEYOND}")
    zone = clock.zone()
    return local_moment(first, time(0), zone), local_moment(add_months(first, 1), time(0), zone)


# The report ---------------------------------------------------------------------------------------------------------


@dataclass
class Month:
    """What failed in a month, and what became of it by now: how many payments, and how much money."""

    first: date | None  # None: all of them together
    many: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))
    money: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(WAYS, Decimal(0)))

    @property
    def failed(self) -> int:
        return sum(self.many.values())

    @property
    def failed_money(self) -> Decimal:
        return sum(self.money.values(), Decimal(0))

    @property
    def recovered(self) -> int:
        return sum(self.many[way] for way in RECOVERED)

    @property
    def recovered_money(self) -> Decimal:
        return sum((self.money[way] for way in RECOVERED), Decimal(0))

    @property
    def rate(self) -> Decimal | None:
        """Which part of the money came in; None where none had failed."""
        return self.recovered_money / self.failed_money if self.failed_money else None

    @property
    def ours(self) -> Decimal | None:
        """Which part came in by what was done here: tries, messages and colleagues."""
        money = self.recovered_money - self.money["themselves"]
        return money / self.failed_money if self.failed_money else None

    @property
    def cells(self) -> list[tuple[str, int, Decimal]]:
        return [(way, self.many[way], self.money[way]) for way in WAYS]

    def __iadd__(self, other: Month) -> Month:
        for way in WAYS:
            self.many[way] += other.many[way]
            self.money[way] += other.money[way]
        return self


def report(viewer: User, today: date) -> tuple[list[Month], Month]:
    """The latest months, the newest first, and their sum: in one statement, over what the viewer may see."""
    months = [add_months(today.replace(day=1), -back) for back in range(MONTHS)]
    rows: QuerySet[Any] = DunningCase.objects.visible_to(viewer).filter(failed_at__gte=_month(months[-1])[0])
    rows = rows.annotate(month=TruncMonth("failed_at", tzinfo=clock.zone()))
    found = {first: Month(first) for first in months}
    grouped = rows.values("month", "state", "why").annotate(many=Count("pk"), money=Sum(WORTH)).order_by()
    for row in grouped:
        way = _way(row["state"], row["why"])
        if month := found.get(row["month"].date()):
            month.many[way] += row["many"]
            month.money[way] += row["money"]
    total = Month(None)
    for month in found.values():
        total += month
    return list(found.values()), total


def _way(state: str, why: str) -> str:
    return next(way for way, (_, of, whys) in WAYS.items() if of == state and (not whys or why in whys))


# How an account stands ----------------------------------------------------------------------------------------------


def standing(account_id: int, now: datetime, chosen: DunningSettings) -> dict[str, Any]:
    """For a product: `fine`, `grace` or `over`, until when, and where it is mended. No names, no amounts."""
    ends = (
        DunningCase.objects.failing().filter(account=account_id).order_by("grace_ends_at")
        .values_list("grace_ends_at", flat=True).first()
    )  # fmt: skip
    if ends is None:
        return {"state": "fine", "grace_until": None, "mend_url": None}
    state = "grace" if now < ends else "over"
    return {"state": state, "grace_until": ends.isoformat(), "mend_url": chosen.mend_url or None}


def overview(viewer: User) -> dict[str, Any]:
    """How many cases are open, and what they are worth: one statement."""
    rows = DunningCase.objects.visible_to(viewer).failing()
    return rows.aggregate(many=Count("pk"), money=Sum(WORTH), cards=Count("pk", filter=Q(wants_card=True)))
