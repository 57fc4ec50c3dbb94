"""Beats that ring twice and three times, and a broker that forgets, dies and stays away (T5, T6)."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from crm.ledger.models import Contract, ContractTerm
from retention.workflows import actions as workflows
from retention.workflows.models import Enrollment, StepRun
from tests.faults.checker import Findings
from tests.faults.web import Web
from tests.faults.world import LEDGER, OUTBOX, START, WORKFLOWS, Figures, World
from tests.stage.crew import wait_for_count, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

#: When the second and the third mail of the onboarding fall due, for customers who begin on the day of START.
DAY_3, DAY_7 = datetime(2026, 6, 3, 9, 1, tzinfo=UTC), datetime(2026, 6, 7, 9, 1, tzinfo=UTC)
STEPS = ("day-1", "welcome", "case-study-day", "case-study", "check-in-day", "check-in")


def renewing(world: World, count: int) -> None:
    """Contracts that renew by themselves and end tomorrow: each must get one further term."""
    contracts = Contract.objects.bulk_create(
        Contract(account_id=contact.account_id, plan="Pro", currency="EUR", auto_renew=True)
        for contact in world.people(count)
    )
    ContractTerm.objects.bulk_create(
        ContractTerm(contract=contract, starts_on=date(2025, 6, 2), ends_on=date(2026, 6, 2), mrr=100)
        for contract in contracts
    )


def arrive(world: World, count: int) -> float:
    """Wait until so many mails have been taken in all; returns the seconds it took."""
    began = time.monotonic()
    assert wait_for_count(world.taken, count), f"{world.taken()} of {count}\n{world.crew.logs()}"
    return round(time.monotonic() - began, 1)


def check_steps(world: World, planned: list[str], customers: int) -> Findings:
    assert wait_until(lambda: not world.unsettled(), 30), world.states()
    found = world.check(planned)
    assert (found.faults, found.uncertain) == ({}, [])
    assert Enrollment.objects.filter(workflow__slug="onboarding").count() == customers
    runs = StepRun.objects.values_list("step_id", flat=True)
    assert sorted(runs) == sorted(STEPS * customers)
    return found


def ring_threefold(world: World, customers: int, rings: int) -> None:
    workflows.enable("onboarding", START - timedelta(hours=1))
    planned = world.customers(customers)
    renewing(world, customers)
    figures = Figures("T5 three beats")
    beats = world.beats(3)
    world.team(2)
    for number, moment in enumerate((START, DAY_3, DAY_7), start=1):
        world.clock.set(moment)
        for _ in range(rings):  # and by hand, all at once
            world.ring(WORKFLOWS, OUTBOX, LEDGER)
        arrive(world, number * customers)
    found = check_steps(world, planned, customers)
    assert [beat.poll() for beat in beats] == [None] * 3, world.crew.logs()
    terms = ContractTerm.objects.filter(contract__auto_renew=True)
    assert terms.count() == 2 * customers
    assert terms.filter(starts_on=date(2026, 6, 2), ends_on=date(2027, 6, 2)).count() == customers
    figures.tell(beats=3, customers=customers, steps=StepRun.objects.count(), renewals=customers, **found.figures())


def test_three_beats(world: World) -> None:
    ring_threefold(world, customers=60, rings=3)


@pytest.mark.long
def test_three_beats_and_many_customers(world: World) -> None:
    ring_threefold(world, customers=3000, rings=30)


def lose_the_broker(world: World, web: Web, *, customers: int, down: float) -> None:
    """Flushed while steps are due on day 1, killed on day 3, away for `down` seconds on day 7."""
    workflows.enable("onboarding", START - timedelta(hours=1))
    planned = world.customers(customers)
    world.team(2)
    world.beats(1)
    figures = Figures("T6 the broker forgets, dies and stays away")
    for _ in range(20):
        world.valkey.client.flushall()
        time.sleep(0.1)
    flushed = arrive(world, customers)

    world.clock.set(DAY_3)
    world.valkey.kill()
    world.valkey.start()
    killed = arrive(world, 2 * customers)

    world.valkey.kill()
    world.clock.set(DAY_7)
    answers, back_at = [], time.monotonic() + down
    while time.monotonic() < back_at:
        answers += [web.ask("GET", "/accounts/"), web.create_account()]
        time.sleep(0.1)
    world.valkey.start()
    away = arrive(world, 3 * customers)
    found = check_steps(world, planned, customers)
    figures.tell(customers=customers, steps=StepRun.objects.count(), down=down, caught_up_after_flush=flushed,
                 after_kill=killed, after_absence=away, answers=len(answers), **found.figures())  # fmt: skip
    assert [(answer.method, answer.status) for answer in answers] == [("GET", 200), ("POST", 201)] * (len(answers) // 2)
    assert max(answer.ended - answer.began for answer in answers) < 5


def test_the_broker_forgets_dies_and_stays_away(world: World, web: Web) -> None:
    lose_the_broker(world, web, customers=60, down=3)


@pytest.mark.long
def test_the_broker_stays_away_for_five_minutes(world: World, web: Web) -> None:
    lose_the_broker(world, web, customers=3000, down=300)
