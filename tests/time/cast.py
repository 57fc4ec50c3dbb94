"""Customers whose dates lie where calendars are crooked, and, counted by hand, their mails, tasks and terms."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.time.calendar import DAY, HOUR, ZONES, Span, at, by_day, changes, next_nine, nine, terms

LONG_AGO = date(2025, 1, 15)
KINDS = (
    "new", "renewing", "silent", "returning", "crowded", "brief", "leaving", "refusing",
    "monthly", "quarterly", "yearly", "unseen",
)  # fmt: skip
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}

type Mails = dict[tuple[str, str], list[datetime]]


@dataclass
class Customer:
    number: int
    kind: str
    zone: str  # blank: nobody said, so the installation's
    owner: str
    span: Span
    starts_on: date = LONG_AGO
    ends_on: date | None = None
    seen: list[datetime] = field(default_factory=list)

    @property
    def email(self) -> str:
        return f"reader{self.number}@customer.example"

    @property
    def name(self) -> str:
        return f"Customer {self.number:04}"

    @property
    def where(self) -> str:
        return self.zone or self.span.home

    @property
    def months(self) -> int:
        return MONTHS.get(self.kind, 0)

    def booked(self) -> list[tuple[date, date | None]]:
        """The terms that must be booked when the span is over."""
        if not self.months:
            return [(self.starts_on, self.ends_on)]
        return list(terms(self.starts_on, self.months, self.span.at_home(self.span.end) + DAY))

    def gone(self, moment: datetime) -> bool:
        """Whether the contract is over by the installation's calendar."""
        return bool(self.ends_on) and not self.months and self.span.at_home(moment) >= self.ends_on  # type: ignore[operator]


def cast(count: int, span: Span) -> list[Customer]:
    """`count` customers of all kinds in all zones, their dates on days that are special where they live."""
    readers = cycle([*ZONES, ""])
    customers = []
    for number in range(count):
        kind, zone = KINDS[number % len(KINDS)], next(readers)
        owner = "" if number % 5 == 0 else ("mira@example.com" if number % 2 else "ben@example.com")
        customer = Customer(number, kind, zone, owner, span)
        days = special_days(span, customer.where)
        _place(customer, days[(number // len(KINDS)) % len(days)])
        customers.append(customer)
        if number % len(KINDS) == len(KINDS) - 1:
            next(readers)  # so that each kind comes to each zone
    return customers


def special_days(span: Span, zone: str) -> list[date]:
    """Days around the changes of the clocks, month ends and 29 February, far enough inside the span."""
    first, last = span.start.date() + DAY, span.end.date()
    all_days = [first + n * DAY for n in range((last - first).days)]
    around = [day + n * DAY for day in changes(span, zone) for n in (0, -2, -6, -1, 1)]
    ends = [day for day in all_days if (day + DAY).day == 1 or (day.month, day.day) == (2, 28)]
    fillers = all_days[:: max(len(all_days) // 5, 1)]
    return [day for day in dict.fromkeys([*around, *ends, *fillers]) if first <= day <= last]


def _place(c: Customer, day: date) -> None:
    """Put the customer's dates so that what matters falls on `day`."""
    odd = timedelta(minutes=7 * (c.number % 40))
    if c.kind in ("new", "crowded", "refusing", "brief"):
        c.starts_on = day
    if c.kind == "renewing":  # every other one ends on the day itself, the others are reminded on it
        c.ends_on = day if c.number % 2 and day - 30 * DAY > c.span.start.date() + DAY else day + 30 * DAY
    if c.kind == "crowded":  # ends so soon that a fourth mail would come within the first week
        c.ends_on = c.starts_on + 34 * DAY
    if c.kind == "brief":  # over before the check-in; six days: over by some calendars and not by others
        c.ends_on = c.starts_on + (5 + c.number // len(KINDS) % 2) * DAY
    if c.kind in ("silent", "returning"):  # 14 × 24 hours are over on the day
        c.seen = [min(at(day, time(0), c.where) + odd * 5 - 14 * DAY, c.span.start - HOUR)]
    if c.kind == "silent" and c.number % 2:  # seen once more while we watch
        c.seen.append(max(c.span.start + DAY, _whole(at(day, time(1), c.where)) - 14 * DAY))
    if c.kind == "returning":
        c.seen.append(_whole(next_nine(c.seen[0] + 14 * DAY, c.where) + 2 * DAY))
    if c.kind == "leaving":  # silent two days before, or one day after, the contract is over
        c.ends_on = day
        c.seen = [at(day, time(12), c.where) - 14 * DAY + (DAY if c.number // len(KINDS) % 2 else -2 * DAY)]
        if c.seen[0] > c.span.start:
            c.seen[0] = _whole(c.seen[0])
    if c.months:
        c.starts_on = (
            date(2024, 2, 29), date(2027, 1, 31), date(2026, 8, 31), date(2026, 11, 30), date(2026, 3, 29), day,
        )[c.number // len(KINDS) % 6]  # fmt: skip
        c.starts_on = max(c.starts_on, date(2026, 7, 31)) if c.kind == "monthly" else c.starts_on


def _whole(moment: datetime) -> datetime:
    """On the hour, so that clocks that walk hour by hour stand there too."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def expected(customers: list[Customer], span: Span) -> Mails:
    """(reader, opening of the subject) → when each must arrive, up to the end of the span."""
    mails: Mails = {}

    def must(customer: Customer, opening: str, moment: datetime) -> None:
        if span.start <= moment <= span.end and customer.kind != "refusing":
            mails.setdefault((customer.email, opening), []).append(moment)

    for c in customers:
        if c.starts_on > span.start.date():
            for opening, moment in _onboarding(c):
                must(c, opening, moment)
        for moment in reminders(c):
            must(c, "Your contract", moment)
        for moment in _helps(c):
            must(c, "Something that", moment)
    return {key: sorted(times) for key, times in mails.items()}


def _onboarding(c: Customer) -> list[tuple[str, datetime]]:
    days = zip(("Welcome,", "How others", "How was"), (0, 2, 6), strict=True)
    plan = [(opening, nine(c.starts_on + n * DAY, c.where)) for opening, n in days]
    if c.kind == "crowded":  # three in seven times 24 hours are the cap: the last waits until the first is that old
        waits = max(plan[2][1], plan[0][1] + 7 * DAY)
        plan[2] = ("How was", by_day(waits, c.where))
    return [(opening, moment) for opening, moment in plan if not c.gone(moment)]


def reminders(c: Customer) -> list[datetime]:
    """30 days before the end of each term that is the contract's last by then; never for months."""
    ends = [end for _, end in c.booked() if end] if c.kind != "monthly" else []
    today, first_look = c.span.at_home(c.span.start), c.span.start + timedelta(minutes=1)
    found = []
    for day in (end - 30 * DAY for end in ends):
        if day >= today:  # of a day that has begun already when all of this is switched on, what is left counts
            due = nine(day, c.where)
            found.append(due if due >= c.span.start else by_day(first_look, c.where))
    return found


def _helps(c: Customer) -> list[datetime]:
    """When the mail to somebody silent goes out, for each silence that lasts."""
    found = []
    for seen in c.seen:
        silent = seen + 14 * DAY
        mailed = next_nine(silent, c.where)
        back = any(seen < again <= mailed for again in c.seen)
        if silent > c.span.start and not back and not c.gone(silent) and not c.gone(mailed):
            found.append(mailed)
    return found


def expected_tasks(customers: list[Customer], span: Span) -> dict[str, list[str]]:
    """Customer's name → the owners of its tasks, "" for the pool."""
    tasks: dict[str, list[str]] = {}
    for c in customers:
        moments = list(reminders(c))
        for mailed in _helps(c):
            asked = nine(mailed.astimezone(ZoneInfo(c.where)).date() + 3 * DAY, c.where)
            if not c.gone(asked) and not any(mailed < again <= asked for again in c.seen):
                moments.append(asked)
        for moment in moments:
            if moment <= span.end:
                tasks.setdefault(c.name, []).append(c.owner)
    return tasks


# As files ---------------------------------------------------------------------------------------------------------


def write_files(customers: list[Customer], folder: Path) -> dict[str, Path]:
    """The CSV files of the first day."""
    accounts = [{"external_id": c.number, "name": c.name, "owner_email": c.owner} for c in customers]
    contacts = [
        {
            "external_id": c.number, "account_external_id": c.number, "first_name": "Anna", "email": c.email,
            "timezone": c.zone, "is_primary": "yes", "email_consent": "no" if c.kind == "refusing" else "",
        }
        for c in customers
    ]  # fmt: skip
    contracts = [
        {
            "external_id": c.number, "account_external_id": c.number, "plan": "Pro", "starts_on": c.starts_on,
            "ends_on": c.booked()[0][1] or "", "mrr": "100", "currency": "EUR",
            "auto_renew": "yes" if c.months else "no",
        }
        for c in customers
    ]  # fmt: skip
    usage = [use(c, seen) for c in customers for seen in c.seen if seen <= c.span.start]
    files = {"accounts": accounts, "contacts": contacts, "contracts": contracts, "usage": usage}
    return {kind: write_csv(folder / f"{kind}.csv", rows) for kind, rows in files.items() if rows}


def later_usage(customers: list[Customer]) -> dict[datetime, list[dict[str, object]]]:
    """The rows of a usage file for each moment within the span at which somebody is seen."""
    moments: dict[datetime, list[dict[str, object]]] = {}
    for customer in customers:
        for seen in customer.seen:
            if customer.span.start < seen <= customer.span.end:
                moments.setdefault(seen, []).append(use(customer, seen))
    return dict(sorted(moments.items()))


def use(customer: Customer, moment: datetime) -> dict[str, object]:
    return {"account_external_id": customer.number, "feature": "login", "occurred_at": moment.isoformat(), "count": 1}


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
