"""Batches of the engine: taken by one worker each, and stopped at once."""

from crm.outbox import policy
from crm.todos.models import Task
from retention.workflows import actions, engine
from retention.workflows.models import Enrollment, Trial
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, silent


def test_a_paused_workflow_moves_nobody_and_one_that_is_off_lets_nobody_in(publish, run_at):
    workflow = publish(silent())
    factories.account(last_seen_at=NOON)
    run_at(NOON + 13 * DAY)
    assert actions.pause(workflow)
    assert not actions.pause(workflow)
    run_at(NOON + 15 * DAY)
    assert Enrollment.objects.get().step_id == "call", "who enters stands still"
    assert not Task.objects.exists()
    assert actions.resume(workflow, NOON)
    run_at(NOON + 16 * DAY)
    assert Task.objects.count() == 1


def test_two_workers_take_different_batches(publish, run_at, monkeypatch):
    monkeypatch.setattr(engine, "FULL_BATCH", 2)
    workflow = publish(silent())
    for _ in range(4):
        factories.account(last_seen_at=NOON)
    actions.triggers.sweep(NOON + 14 * DAY)
    first = engine._take(engine._fresh, workflow.pk, NOON + 14 * DAY)
    second = engine._take(engine._fresh, workflow.pk, NOON + 14 * DAY)
    assert len({*first.enrollment_ids, *second.enrollment_ids}) == 4
    assert engine._take(engine._fresh, workflow.pk, NOON + 14 * DAY) is None


def test_a_batch_that_was_chosen_before_the_pause_does_not_run_after_it(publish):
    workflow = publish(silent())
    factories.account(last_seen_at=NOON)
    actions.triggers.sweep(NOON + 14 * DAY)
    trial = engine._take(engine._fresh, workflow.pk, NOON + 14 * DAY)
    actions.pause(workflow)
    assert engine._try(trial, workflow.pk, NOON + 14 * DAY) == 0
    assert not Task.objects.exists()
    assert not Trial.objects.exists()


def test_nobody_moves_while_everything_automatic_is_stopped(publish, run_at):
    workflow = publish(silent())
    factories.account(last_seen_at=NOON)
    actions.triggers.sweep(NOON + 14 * DAY)
    trial = engine._take(engine._fresh, workflow.pk, NOON + 14 * DAY)
    policy.throw("automatic", "Wrong prices.", NOON)
    assert engine._try(trial, workflow.pk, NOON + 14 * DAY) == 0
    assert engine.advance(NOON + 15 * DAY) == 0
    assert not Task.objects.exists()
    policy.lift("automatic", NOON + 15 * DAY)
    run_at(NOON + 16 * DAY)
    assert Task.objects.count() == 1


def test_switching_off_ends_who_is_under_way(run_at):
    actions.enable("inactivity", NOON)
    factories.account(last_seen_at=NOON, lifecycle="customer")
    run_at(NOON + 14 * DAY)
    actions.disable("inactivity", NOON + 15 * DAY)
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.ended_because) == ("exited", "The workflow was switched off")
    actions.enable("inactivity", NOON + 90 * DAY)
    run_at(NOON + 91 * DAY)
    assert not Task.objects.exists()


def test_switching_on_what_is_paused_lets_it_go_on(db):
    workflow = actions.enable("inactivity", NOON)
    actions.pause(workflow)
    again = actions.enable("inactivity", NOON + DAY, include_current=True)
    assert (again.state, again.enabled_at, again.swept_until) == ("on", NOON, None)
