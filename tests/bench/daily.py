"""What is done over all customers once a day, and a leaver's hand-over: in a copy of the population, dropped after."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import connection

from crm import slots
from crm.accounts.models import Account
from crm.segments.models import Segment
from crm.settings.actions import handover
from crm.team.models import User
from crm.web import clock
from retention.dunning.models import DunningCase, DunningSettings
from retention.reports.actions import last_month, working_day
from retention.reports.models import MonthlyReview
from retention.reports.rules import counted_at
from tests.bench import database
from tests.bench.figures import Figure
from tests.bench.population import Population, say

_COPY = f"{database.PREFIX}daily"
#: Works of `slots.work`, by what they do over everybody.
_WORKS = {
    "segments": "segments, counted",
    "rfm": "recency, frequency, money",
    "habits": "interests and heavy users",
    "duplicates": "duplicates, all compared",
    "quality": "data quality, counted",
    "value": "worth and readiness to grow",
}
_SEGMENTS = (
    {"field": "mrr", "op": ">", "value": 500},
    {"field": "lifecycle", "op": "in", "value": ["customer"]},
    {"all": [{"field": "days_silent", "op": ">", "value": 14}, {"field": "lifecycle", "op": "in", "value": ["trial"]}]},
    {"field": "name", "op": "contains", "value": "labs"},
    {"field": "days_to_renewal", "op": "<", "value": 90},
)
HANDED = 100_000
#: One customer in so many has a payment that failed today.
FAILING_EACH = 100
_FAILING = """
    INSERT INTO crm_payment (account_id, external_id, due_at, amount, currency, rate, status, attempts, failed_at,
        failure_reason, refunded, created_at, updated_at)
    SELECT id, 'bench-' || id, %(at)s, 49, 'EUR', 1, 'failed', 1, %(at)s, 'Your card was declined.', 0, %(at)s, %(at)s
    FROM crm_account WHERE id %% %(each)s = 0
"""


def measure(population: Population) -> list[Figure]:
    database.drop(_COPY)
    try:
        database.copy(population.database, _COPY)
        with database.using(_COPY):
            now = population.anchor + timedelta(days=1)
            return [*_each_day(population, now), *_money(population, now), *_hand_over(population, now)]
    finally:
        database.drop(_COPY)


def _each_day(population: Population, now: datetime) -> Iterator[Figure]:
    owner = _somebody("Owner")
    for number, tree in enumerate(_SEGMENTS):
        Segment.objects.create(name=f"Bench {number}", subject="account", tree=tree, owner=owner)
    sizes = f"{population.accounts:,} accounts, {population.accounts * 6 // 5:,} contacts"
    for name, what in _WORKS.items():
        whole, longest, slices = _until_done(slots.work[name].run, now)
        more = {"slices": slices, "longest": round(longest, 2)}
        yield Figure(f"daily.{name}", what, whole, None, "s", sizes, more)
        yield Figure(f"daily.slice.{name}", f"{what}, longest slice", longest, None, "s", f"{slices} slices")
        say(f"  {what}: {whole:.1f} s, {slices} slices, the longest {longest:.2f} s")
    yield Figure("memory.daily", "all of these, peak", _held(), None, "MB", sizes)


def _money(population: Population, now: datetime) -> Iterator[Figure]:
    """Cases of payments that failed today, each with its first mail planned; and the review of a month."""
    at = now - timedelta(hours=2)
    with connection.cursor() as cursor:
        cursor.execute(_FAILING, {"at": at, "each": FAILING_EACH})
    DunningSettings.objects.update_or_create(pk=DunningSettings.ONLY, defaults={"on_since": at - timedelta(days=1)})
    whole, longest, slices = _until_done(slots.work["dunning"].run, now)
    opened = DunningCase.objects.count()
    if opened != population.accounts // FAILING_EACH:
        raise RuntimeError(f"{opened} cases were opened")
    yield Figure("daily.dunning", "failed payments, followed up", whole, None, "s", f"{opened:,} payments",
                 {"slices": slices, "longest": round(longest, 2)})  # fmt: skip
    say(f"  follow-up of {opened:,} failed payments: {whole:.1f} s, {slices} slices, the longest {longest:.2f} s")
    month = last_month(now)
    taken, _, _ = _until_done(slots.work["reviews"].run, max(now, counted_at(working_day(month), clock.zone())))
    if not MonthlyReview.objects.filter(month=month).exists():
        raise RuntimeError("there is no review")
    yield Figure("daily.review", "the review of a month", taken, None, "s", f"{population.accounts:,} accounts")
    say(f"  review of a month: {taken:.1f} s")


def _somebody(name: str) -> User:
    return User.objects.create_user(f"{name.lower()}@bench.example", name=name, role="manager")


def _until_done(run: Callable[[datetime], int], now: datetime) -> tuple[float, float, int]:
    """Seconds in all, of the longest slice, and how many slices there were."""
    taken = []
    while True:
        started = time.perf_counter()
        done = run(now)
        taken.append(time.perf_counter() - started)
        if not done:
            return sum(taken), max(taken), len(taken)


def _held() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _hand_over(population: Population, now: datetime) -> Iterator[Figure]:
    """Of somebody who looks after a tenth of all customers, and back again."""
    giver, receiver = _somebody("Giver"), _somebody("Receiver")
    handed = min(HANDED, population.accounts // 10)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_account SET owner_id = %s WHERE id <= %s", [giver.pk, handed])
    started = time.perf_counter()
    made = handover.hand_over(giver, [receiver], "Receiver", giver, now)
    gave = time.perf_counter() - started
    started = time.perf_counter()
    handover.give_back(made, giver, now)
    took_back = time.perf_counter() - started
    if Account.objects.filter(owner=giver).count() != handed:
        raise RuntimeError("the hand-over did not come back whole")
    sizes = f"{handed:,} customers"
    yield Figure("daily.handover", "a leaver's hand-over", gave, None, "s", sizes)
    yield Figure("daily.return", "and its return", took_back, None, "s", sizes)
    say(f"  hand-over of {handed:,} customers: {gave:.1f} s, back {took_back:.1f} s")
