"""The step that waits for a fact: until it comes, at most so long, and at once on whoever has it already."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection, transaction

from crm.outbox.models import OutboundMessage
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from retention.workflows import actions, engine, matching
from retention.workflows.kinds import step_kinds
from retention.workflows.models import Enrollment, StepRun
from retention.workflows.rules import end_of_await
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import AT_NINE, DAY, MAIL, TASK

TICK = timedelta(microseconds=1)
MISSING = {**TASK, "id": "missing", "title": "Write the hand-off"}
GATE = {
    "id": "gate", "do": "await", "fact": "hand_off.written", "called": "the hand-off", "at_most_days": 14,
    "late": [MISSING],
}  # fmt: skip
GATED = {"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [GATE, AT_NINE, MAIL]}
OVER = NOON + 14 * DAY


def won(account, at=NOON):
    record(Fact(account.pk, "deal.won", "Won"), now=at)


def told(account, at, kind="hand_off.written"):
    record(Fact(account.pk, kind, "Hand-off written", at), now=at)


def outcomes():
    return list(StepRun.objects.order_by("id").values_list("step_id", "outcome"))


@pytest.fixture
def account(publish, run_at, mira):
    """Waits since noon."""
    publish(GATED)
    made = factories.account("Kelp", owner=mira)
    factories.contact(made)
    won(made)
    run_at(NOON)
    return made


def test_who_waits_stands_still_until_the_deadline(account):
    enrollment = Enrollment.objects.get()
    assert (enrollment.step_id, enrollment.state) == ("gate", "active")
    assert (enrollment.awaits_until, enrollment.due_at, enrollment.anchor) == (OVER, OVER, None)
    assert outcomes() == []
    assert actions.next_due(NOON) == OVER


def test_the_fact_lets_it_go_on_and_the_days_count_from_there(account, run_at):
    told(account, NOON + 3 * DAY)
    run_at(NOON + 3 * DAY)
    message = OutboundMessage.objects.get()
    assert message.planned_for == (NOON + 3 * DAY).replace(hour=9)
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.awaits_until, enrollment.anchor) == ("done", None, date(2026, 6, 4))
    assert outcomes()[0] == ("gate", "Waited for the hand-off")
    assert not Task.objects.exists()


def test_a_late_worker_changes_nothing_about_when_the_wait_was_over(account, run_at):
    told(account, NOON + 3 * DAY)
    run_at(NOON + 5 * DAY)
    assert Enrollment.objects.get().anchor == date(2026, 6, 4)
    assert OutboundMessage.objects.get().planned_for == (NOON + 3 * DAY).replace(hour=9)


def test_at_the_deadline_and_not_before_it_tells_the_owner_and_goes_on(account, run_at, mira):
    run_at(OVER - TICK)
    assert not Task.objects.exists()
    assert Enrollment.objects.get().awaits_until == OVER
    run_at(OVER)
    task = Task.objects.get()
    assert (task.title, task.owner, task.account) == ("Write the hand-off", mira, account)
    assert OutboundMessage.objects.get().planned_for == OVER.replace(hour=9)
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.anchor) == ("done", OVER.date())
    assert [step for step, _ in outcomes()] == ["gate", "missing", "morning", "hello"]
    assert outcomes()[0] == ("gate", "Waited in vain for the hand-off")


@pytest.mark.parametrize(("at", "tasks"), [(OVER - TICK, 0), (OVER, 0), (OVER + TICK, 1)])
def test_a_fact_of_the_last_moment_is_in_time(account, run_at, at, tasks):
    run_at(min(at, OVER) - TICK)
    if tasks:
        run_at(OVER)
    told(account, at)
    run_at(max(at, OVER))
    assert Task.objects.count() == tasks
    assert OutboundMessage.objects.count() == 1


def test_who_has_it_already_does_not_wait(publish, run_at):
    publish(GATED)
    account = factories.account()
    factories.contact(account)
    told(account, NOON - TICK)
    won(account)
    run_at(NOON)
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.anchor, enrollment.awaits_until) == ("done", None, None)
    assert outcomes()[0] == ("gate", "Did not wait: the hand-off was there")
    assert not Task.objects.exists()


def test_facts_of_others_and_of_other_kinds_wake_nobody(account, run_at):
    told(factories.account("Other"), NOON + DAY)
    told(account, NOON + DAY, kind="note.written")
    run_at(NOON + DAY)
    assert Enrollment.objects.get().due_at == OVER
    assert outcomes() == []


def test_the_same_fact_twice_goes_on_once(account, run_at):
    told(account, NOON + DAY)
    told(account, NOON + DAY)
    run_at(NOON + DAY)
    told(account, NOON + 2 * DAY)
    run_at(NOON + 2 * DAY)
    assert [step for step, _ in outcomes()] == ["gate", "morning", "hello"]
    assert OutboundMessage.objects.count() == 1


def test_a_wait_that_comes_first_is_not_cut_short(publish, run_at):
    publish({**GATED, "steps": [{"id": "three", "do": "wait", "for": {"days": 3}}, GATE, TASK]})
    account = factories.account()
    won(account)
    run_at(NOON)
    told(account, NOON + DAY)
    run_at(NOON + 3 * DAY - TICK)
    assert not Task.objects.exists()
    run_at(NOON + 3 * DAY)
    assert Task.objects.get().title == f"Call {account.name}"
    assert outcomes()[1] == ("gate", "Did not wait: the hand-off was there")


def test_a_fact_that_comes_while_paused_counts_when_it_goes_on(account, run_at):
    workflow = Enrollment.objects.get().workflow
    actions.pause(workflow)
    told(account, NOON + 3 * DAY)
    run_at(NOON + 4 * DAY)
    assert outcomes() == []
    assert Enrollment.objects.get().due_at == NOON + 4 * DAY  # when it was read
    actions.resume(workflow, NOON + 5 * DAY)
    run_at(NOON + 5 * DAY)
    assert Enrollment.objects.get().anchor == date(2026, 6, 4)


def test_a_fact_that_could_not_be_matched_is_met_at_the_deadline(account, run_at):
    record(Fact(account.pk, "hand_off.written", "Imported", NOON + DAY), react=False, now=NOON + DAY)
    run_at(OVER)
    assert not Task.objects.exists()
    assert Enrollment.objects.get().anchor == date(2026, 6, 2)


def test_woken_for_nothing_it_waits_on(account, run_at):
    Enrollment.objects.update(due_at=NOON + DAY)
    run_at(NOON + DAY)
    enrollment = Enrollment.objects.get()
    assert (enrollment.step_id, enrollment.due_at, enrollment.awaits_until) == ("gate", OVER, OVER)


def test_without_late_steps_it_just_goes_on(publish, run_at):
    publish({**GATED, "steps": [{**GATE, "late": []}, TASK]})
    won(factories.account("Kelp"))
    run_at(NOON)
    run_at(OVER)
    assert Task.objects.get().title == "Call Kelp"


@pytest.mark.parametrize(
    ("known", "end"),
    [
        (None, OVER),
        (NOON - TICK, NOON + DAY),  # from another customer, whose timeline joined this one when it was woken
        (NOON, NOON + DAY),
        (NOON + TICK, NOON + TICK),
        (OVER, OVER),
        (OVER + TICK, OVER),
    ],
)
def test_when_the_wait_is_over(known, end):
    assert end_of_await(NOON + DAY, NOON, OVER, known) == end


@pytest.mark.django_db(transaction=True)
def test_a_fact_that_comes_while_a_batch_holds_the_enrollment_wakes_it(transactional_db, publish, verb_of):
    publish({**GATED, "steps": [GATE, TASK]})
    account = factories.account()
    won(account)
    matching.match(NOON)
    verb, seen = step_kinds["await"].verb, []

    def tell():
        told(account, NOON + TICK)
        matching.match(NOON + TICK)
        connection.close()

    thread = threading.Thread(target=tell)

    def looks_and_lingers(*batch):
        verb(*batch)
        thread.start()
        thread.join(0.5)
        seen.append(thread.is_alive())

    verb_of("await", looks_and_lingers)
    engine.advance(NOON)
    thread.join(10)
    assert (seen, thread.is_alive()) == ([True], False)
    enrollment = Enrollment.objects.get()
    assert (enrollment.awaits_until, enrollment.due_at) == (OVER, NOON + TICK)
    verb_of("await", verb)
    actions.work(NOON + TICK)
    assert Task.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_batch_passes_by_whoever_is_being_woken(transactional_db, publish, run_at):
    publish({**GATED, "steps": [GATE, TASK]})
    account = factories.account()
    won(account)
    run_at(NOON)
    moved = []

    def work():
        moved.append(engine.advance(OVER))
        connection.close()

    thread = threading.Thread(target=work)
    told(account, OVER)
    with transaction.atomic():
        matching.match(OVER)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert moved == [0]
    run_at(OVER)
    assert Task.objects.get().title == f"Call {account.name}"
