"""A step and a mail that kill whoever works on them: set aside after five attempts, and the others go on (T15)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from crm.accounts.models import Account
from crm.outbox import actions as outbox
from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows import actions as workflows
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion
from tests.faults.world import OUTBOX, START, WORKFLOWS, Figures, World
from tests.stage.crew import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

#: Seconds by which the others may be late.
DELAY = 10


@pytest.fixture
def poisoned(world: World) -> Iterator[World]:
    worker = world.poisoned_team()
    yield world
    world.crew.kill(worker)


def timed(done: Callable[[], bool], world: World, *, hasten: bool = False, seconds: float = 120) -> float:
    began = time.monotonic()

    def is_done() -> bool:
        if hasten:
            world.hasten()
        return done()

    assert wait_until(is_done, seconds), f"{world.states()}\n{world.crew.logs()}"
    return time.monotonic() - began


def test_a_mail_that_kills_its_senders(poisoned: World) -> None:
    poison_a_mail(poisoned, 100)


def test_a_step_that_kills_its_workers(poisoned: World) -> None:
    poison_a_step(poisoned, 100)


@pytest.mark.long
def test_a_mail_among_a_thousand_kills_its_senders(poisoned: World) -> None:
    poison_a_mail(poisoned, 1000)


@pytest.mark.long
def test_a_step_among_a_thousand_kills_its_workers(poisoned: World) -> None:
    poison_a_step(poisoned, 1000)


def poison_a_mail(world: World, others: int) -> None:
    figures = Figures("T15 a mail that kills")
    with world.clock.running(), world.ringing(OUTBOX, every=0.3):
        planned = world.plan(world.people(others))
        healthy = timed(lambda: world.taken() >= others, world)
        with transaction.atomic():
            planned += world.plan(world.people(others // 2))
            deadly = _deadly_mail(world)
            planned += world.plan(world.people(others // 2))
        sick = timed(lambda: world.taken() >= others * 2, world)
        set_aside = timed(lambda: _state(deadly) == "failed", world, hasten=True)
    found = world.check(planned)
    message = OutboundMessage.objects.get(pk=deadly)
    figures.tell(others=others, healthy=round(healthy, 1), with_poison=round(sick, 1),
                 set_aside_after=round(sick + set_aside, 1), reason=message.reason, **found.figures())  # fmt: skip
    assert not found.faults
    assert sick - healthy < DELAY
    assert "died" in message.reason


def _deadly_mail(world: World) -> int:
    (reader,) = world.people(1)
    template_id = outbox.template("{{ settings.item }}", "Hello")
    draft = outbox.Draft("deadly", "service", template_id, world.now, contact_id=reader.pk,
                         facts={"settings": {"item": "poison"}})  # fmt: skip
    return outbox.enqueue([draft], now=world.now)["deadly"]


def _state(pk: int) -> str:
    return OutboundMessage.objects.values_list("state", flat=True).get(pk=pk)


def poison_a_step(world: World, others: int) -> None:
    figures, workflow = Figures("T15 a step that kills"), _asking()
    with world.clock.running(), world.ringing(WORKFLOWS, every=0.3):
        _enroll(world, workflow, others)
        healthy = timed(lambda: Task.objects.count() >= others, world)
        with transaction.atomic():
            _enroll(world, workflow, others // 2)
            (deadly,) = _enroll(world, workflow, 1, "poison")
            _enroll(world, workflow, others // 2)
        sick = timed(lambda: Task.objects.count() >= 2 * others, world)
        set_aside = timed(lambda: Enrollment.objects.filter(pk=deadly.pk, state="parked").exists(), world, hasten=True)
    deadly.refresh_from_db()
    figures.tell(others=others, healthy=round(healthy, 1), with_poison=round(sick, 1),
                 set_aside_after=round(sick + set_aside, 1), attempts=deadly.attempts)  # fmt: skip
    assert sick - healthy < DELAY
    assert deadly.attempts == 5
    assert Task.objects.count() == 2 * others
    assert set(Enrollment.objects.exclude(pk=deadly.pk).values_list("state", flat=True)) == {"done"}


def _asking() -> Workflow:
    """A workflow of one step: a task that names the customer."""
    workflow = workflows.enable("inactivity", START - timedelta(hours=1))
    assert workflow.version
    ask = {"id": "ask", "do": "task", "title": "Call {{ account.name }}", "due_in_days": 0}
    definition = workflow.version.definition | {"exits": [], "steps": [ask]}
    workflow.version = WorkflowVersion.objects.create(workflow=workflow, number=2, definition=definition)
    workflow.save()
    return workflow


def _enroll(world: World, workflow: Workflow, count: int, name: str = "Customer") -> list[Enrollment]:
    people = world.people(count)
    Account.objects.filter(pk__in=[person.account_id for person in people]).update(name=name)
    return Enrollment.objects.bulk_create(
        Enrollment(workflow=workflow, version_id=workflow.version_id, account_id=person.account_id,
                   trigger_key=f"test {person.pk}", step_id="ask", due_at=world.now)
        for person in people
    )  # fmt: skip
