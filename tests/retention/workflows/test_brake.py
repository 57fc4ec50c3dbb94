"""A workflow of which every batch fails rests, says so, and parks nobody in a hurry; one poison does not brake it."""

from datetime import timedelta

import pytest

from crm.outbox import journal as outbox_journal
from crm.outbox import policy
from crm.todos.models import Task
from crm.web import standing
from retention.workflows import actions, brake, engine, journal, load
from retention.workflows.kinds import step_kinds
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import silent

MINUTE = timedelta(minutes=1)


@pytest.fixture
def crowd(publish, monkeypatch):
    """A hundred customers in batches of 32 at most."""
    monkeypatch.setattr(engine, "FULL_BATCH", 32)
    workflow = publish(silent())
    Enrollment.objects.bulk_create(
        Enrollment(workflow=workflow, version=workflow.version, account=factories.account(),
                   trigger_key=f"silent:{number}", step_id="call", due_at=NOON)
        for number in range(100)
    )  # fmt: skip
    return workflow


@pytest.fixture
def broken(verb_of):
    """The sizes of the batches that were tried while the step was broken; `mend()` mends it."""
    run_task, sizes = step_kinds["task"].verb, []

    def fails(step, enrollments, batch):
        sizes.append(len(enrollments))
        raise ValueError(f"a mistake in the program, seen at {enrollments[0].pk}")

    verb_of("task", fails)
    return sizes, lambda: verb_of("task", run_task)


def load_of(now, group="test"):
    return next(load for load in standing.read(now).of("workflows") if load.group == group)


def test_a_broken_program_brakes_the_workflow(crowd, broken, run_at):
    sizes, mend = broken
    run_at(NOON)
    assert sizes == [32, 4, 32, 4]
    run_at(NOON + MINUTE - timedelta(microseconds=1))
    assert len(sizes) == 4
    assert engine.next_due(NOON) == NOON + MINUTE
    for minute in range(1, 6):
        run_at(NOON + minute * MINUTE)
    assert sizes[4:] == [32, 4, 4, 4, 4]
    assert not Enrollment.objects.filter(state="parked").exists()

    now = NOON + 5 * MINUTE
    how = load_of(now)
    assert (how.due, how.late, how.held, how.oldest_due) == (0, 0, 100, None)
    assert how.because.startswith("Every batch fails, so one is tried a minute. ValueError: a mistake in the program")
    rows = Enrollment.objects.all()
    counts = [load.narrowed(rows, figure, now).count() for figure in ("due", "late", "held")]
    assert counts == [0, 0, 100]

    mend()
    run_at(NOON + 6 * MINUTE)
    assert Task.objects.count() == 100
    assert set(Enrollment.objects.values_list("state", "attempts")) == {("done", 0)}
    assert load_of(NOON + 6 * MINUTE).because == ""


def test_the_journal_still_tells_of_those_who_wait(crowd, broken, run_at):
    run_at(NOON)
    assert len(journal.check(NOON + 61 * MINUTE)["lost"]) == 100


def test_pausing_and_resuming_releases_it(crowd, broken, run_at):
    _, mend = broken
    run_at(NOON)
    mend()
    actions.pause(crowd)
    actions.resume(crowd, NOON)
    run_at(NOON)
    assert Task.objects.count() == 100


def test_one_poison_in_many_is_found_and_nobody_waits_for_it(crowd, verb_of, run_at):
    run_task = step_kinds["task"].verb
    poison = Enrollment.objects.order_by("id")[17].pk

    def fails(step, enrollments, batch):
        if any(enrollment.pk == poison for enrollment in enrollments):
            raise ValueError("this one breaks it")
        run_task(step, enrollments, batch)

    verb_of("task", fails)
    run_at(NOON)
    assert Task.objects.count() == 99
    for minute in range(1, 5):
        run_at(NOON + minute * MINUTE)
    assert Enrollment.objects.get(pk=poison).state == "parked"
    assert not Workflow.objects.exclude(**brake.OFF).exists()


def test_errors_of_different_kinds_are_no_broken_program(crowd, verb_of, run_at):
    errors = iter([ValueError, KeyError] * 1000)

    def fails(step, enrollments, batch):
        raise next(errors)("each of its own")

    verb_of("task", fails)
    actions.engine.advance(NOON)
    actions.engine.advance(NOON)
    actions.engine.advance(NOON)
    crowd.refresh_from_db()
    assert (crowd.stumbles, crowd.rests_until) == (1, None)


def test_who_stood_still_in_a_paused_workflow_waits_from_its_resumption_on(crowd):
    later = NOON + timedelta(days=3)
    actions.pause(crowd)
    assert load_of(later).held == 100
    actions.resume(crowd, later)

    assert journal.check(later)["lost"] == []
    assert (load_of(later).due, load_of(later).late, load_of(later).oldest_due) == (100, 0, later)
    at_last, over = later + 2 * MINUTE, later + 2 * MINUTE + timedelta(microseconds=1)
    rows = Enrollment.objects.all()
    assert [load.narrowed(rows, "late", moment).count() for moment in (at_last, over)] == [0, 100]
    assert [load_of(moment).late for moment in (at_last, over)] == [0, 100]
    assert journal.check(later + outbox_journal.LONG_PAST)["lost"] == []
    assert len(journal.check(later + outbox_journal.LONG_PAST + timedelta(microseconds=1))["lost"]) == 100


def test_who_waits_because_everything_automatic_is_stopped_is_not_late(crowd):
    policy.throw("automatic", "a wrong price", NOON)
    now = NOON + timedelta(hours=1)

    how = load_of(now)

    assert (how.due, how.late, how.held, how.oldest_due) == (0, 0, 100, None)
    assert how.because == "Everything automatic is stopped."
    rows = Enrollment.objects.all()
    assert [load.narrowed(rows, figure, now).count() for figure in ("due", "late", "held")] == [0, 0, 100]
    policy.lift("automatic", NOON)
    assert load_of(now).late == 100
