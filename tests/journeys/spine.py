"""The customers of the spine's journey, and, counted by hand in plain Python, the mails they must get.

Nothing here asks the product: civil dates and zones come from the standard library alone.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONES = ["Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"]
#: Clocks change in Los Angeles on 8 March, in Berlin on 29 March, in Auckland on 5 April.
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
END = START + timedelta(days=60)
NINE = time(9)
DAY = timedelta(days=1)


@dataclass
class Customer:
    number: int
    kind: str  # new | renewing | silent | returning | crowded | refusing | quiet
    zone: str
    owner: str
    starts_on: date
    ends_on: date | None
    seen: list[datetime] = field(default_factory=list)

    @property
    def email(self) -> str:
        return f"reader{self.number}@customer.example"

    @property
    def name(self) -> str:
        return f"Customer {self.number:04}"

    def nine(self, day: date) -> datetime:
        """09:00 on that day where the reader is."""
        return datetime.combine(day, NINE, ZoneInfo(self.zone)).astimezone(UTC)

    def next_nine(self, moment: datetime) -> datetime:
        day = moment.astimezone(ZoneInfo(self.zone)).date()
        return self.nine(day) if self.nine(day) >= moment else self.nine(day + DAY)


def cast(count: int) -> list[Customer]:
    """`count` customers over all kinds, zones and owners; every seventh has no owner.

    Fifty at a time begin on the same day, a week and more after those before them: so that even a hundred and fifty
    live through the changes of the clocks.
    """
    kinds = ["new", "new", "renewing", "renewing", "silent", "returning", "crowded", "refusing", "quiet", "quiet"]
    customers = []
    for number in range(count):
        kind, zone = kinds[number % 10], ZONES[number // 10 % 3]
        owner = "" if number % 7 == 0 else ("mira@example.com" if number % 2 else "ben@example.com")
        offset = timedelta(days=2 + number // 50 * 9 % 38)
        long_ago, far = date(2025, 1, 15), None
        customer = Customer(number, kind, zone, owner, long_ago, far)
        if kind in ("new", "crowded", "refusing"):
            customer.starts_on = START.date() + offset
        if kind == "renewing":
            customer.ends_on = START.date() + timedelta(days=30) + offset
        if kind in ("silent", "returning"):
            customer.seen = [START - timedelta(days=13) + offset / 2 + timedelta(hours=number % 3)]
        if kind == "returning":  # back two days after the mail, and then silent again
            customer.seen.append(customer.next_nine(customer.seen[0] + 14 * DAY) + 2 * DAY)
        if kind == "crowded":  # ends so soon that a fourth mail would come within the first week
            customer.ends_on = customer.starts_on + 34 * DAY
        customers.append(customer)
    return customers


def write_files(customers: list[Customer], folder: Path) -> dict[str, Path]:
    """The CSV files of the first day. What is seen later is in `usage_on`."""
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
            "ends_on": c.ends_on or "", "mrr": "100", "currency": "EUR",
        }
        for c in customers
    ]  # fmt: skip
    usage = [_use(c, c.seen[0]) for c in customers if c.seen and c.seen[0] <= START]
    files = {"accounts": accounts, "contacts": contacts, "contracts": contracts, "usage": usage}
    return {kind: write_csv(folder / f"{kind}.csv", rows) for kind, rows in files.items() if rows}


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def later_usage(customers: list[Customer]) -> dict[datetime, list[dict[str, object]]]:
    """When somebody is seen after the first day: the rows of a usage file for each such moment."""
    moments: dict[datetime, list[dict[str, object]]] = {}
    for customer in customers:
        for seen in customer.seen:
            if START < seen <= END:
                moments.setdefault(seen, []).append(_use(customer, seen))
    return dict(sorted(moments.items()))


def _use(customer: Customer, at: datetime) -> dict[str, object]:
    return {"account_external_id": customer.number, "feature": "login", "occurred_at": at.isoformat(), "count": 1}


def expected(customers: list[Customer], end: datetime = END) -> dict[tuple[str, str], list[datetime]]:
    """(reader, first word of the subject) → when it must arrive, up to and including `end`."""
    mails: dict[tuple[str, str], list[datetime]] = {}

    def must(customer: Customer, subject: str, at: datetime) -> None:
        if at <= end:
            mails.setdefault((customer.email, subject), []).append(at)

    for c in customers:
        if c.kind in ("new", "crowded"):
            must(c, "Welcome,", c.nine(c.starts_on))
            must(c, "How others", c.nine(c.starts_on + 2 * DAY))
            # Three mails in seven days are the cap: the fourth waits until the first is a whole week old.
            crowded = c.kind == "crowded"
            must(c, "How was", c.nine(c.starts_on) + 7 * DAY if crowded else c.nine(c.starts_on + 6 * DAY))
        if c.ends_on:
            must(c, "Your contract", c.nine(c.ends_on - 30 * DAY))
        for silence in c.seen:
            fell_silent = silence + 14 * DAY
            if fell_silent <= end and not any(silence < again <= fell_silent for again in c.seen):
                must(c, "Something that", c.next_nine(fell_silent))
    return {key: sorted(times) for key, times in mails.items()}


def expected_tasks(customers: list[Customer], end: datetime = END) -> dict[str, list[str]]:
    """Customer's name → the owners of its tasks, "" for the pool: one task for each renewal and lasting silence."""
    tasks: dict[str, list[str]] = {}
    for c in customers:
        if c.ends_on and c.nine(c.ends_on - 30 * DAY) <= end:
            tasks.setdefault(c.name, []).append(c.owner)
        for silence in c.seen:
            mailed = c.next_nine(silence + 14 * DAY)
            asked = c.nine(mailed.astimezone(ZoneInfo(c.zone)).date() + 3 * DAY)
            if asked <= end and not any(silence < again <= asked for again in c.seen):
                tasks.setdefault(c.name, []).append(c.owner)
    return tasks
