"""What happens to steps and facts that fail, and to batches whose process died."""

import threading
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, connection, transaction

from crm.history.models import Act
from crm.outbox.actions import close_the_gate
from crm.outbox.models import MailPolicy
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task
from retention.workflows import actions, bulk, engine, matching, published
from retention.workflows.kinds import step_kinds
from retention.workflows.models import Enrollment, Trial, Workflow
from retention.workflows.rules import BY_HAND
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, WON, silent


def test_a_step_that_fails_for_one_is_parked_and_the_others_go_on(publish, run_at, verb_of):
    publish(silent())
    poison = factories.account("Poison", last_seen_at=NOON)
    for _ in range(30):
        factories.account(last_seen_at=NOON)
    run_task = step_kinds["task"].verb

    def fails_for_poison(step, enrollments, batch):
        if any(enrollment.account_id == poison.pk for enrollment in enrollments):
            raise ValueError("this one breaks it")
        run_task(step, enrollments, batch)

    verb_of("task", fails_for_poison)
    for minute in range(10):
        run_at(NOON + 14 * DAY + timedelta(minutes=minute))
    assert Task.objects.count() == 30
    parked = Enrollment.objects.exclude(state="done").get()
    assert (parked.account, parked.state, parked.attempts) == (poison, "parked", 5)
    assert parked.ended_because == "ValueError: this one breaks it"
    assert not Trial.objects.exists()


def test_a_trial_whose_process_died_counts_an_attempt(publish, run_at):
    publish(silent())
    factories.account(last_seen_at=NOON)
    plan_due = NOON + 14 * DAY
    actions.triggers.sweep(plan_due)
    enrollment = Enrollment.objects.get()
    Trial.objects.create(enrollment_ids=[enrollment.pk], backend_pid=1, backend_start=NOON - DAY, started_at=NOON)
    Trial.count_the_fallen(plan_due)
    enrollment.refresh_from_db()
    assert enrollment.attempts == 1
    assert enrollment.due_at == plan_due + timedelta(minutes=1)
    run_at(plan_due + timedelta(minutes=1))
    assert Task.objects.count() == 1


def test_a_workflow_that_cannot_be_read_stops_no_other(publish, run_at):
    broken = publish(silent(), slug="broken")
    broken.version.definition["trigger"]["where"] = {"field": "gone", "op": "is", "value": 1}
    broken.version.save()
    publish(WON, slug="other")
    factories.account(last_seen_at=NOON)
    record(Fact(factories.account("Won").pk, "deal.won", "Won"))
    run_at(NOON + 14 * DAY)
    assert Task.objects.get().account.name == "Won"
    assert not Pending.objects.exists()


def test_whoever_is_in_a_workflow_that_cannot_be_read_enters_others(publish, run_at):
    account = factories.account("Won")
    broken = publish(silent(), slug="broken")
    Enrollment.objects.create(
        workflow=broken, version=broken.version, account=account, trigger_key="x", step_id="call", due_at=NOON + DAY
    )
    broken.version.definition["steps"][0]["do"] = "gone"
    broken.version.save()
    published.of_version.cache_clear()
    publish(WON, slug="other")
    record(Fact(account.pk, "deal.won", "Won"))
    run_at(NOON)
    assert Task.objects.get().account == account
    assert not Pending.objects.exists()


@pytest.mark.parametrize("room", [engine, matching])
def test_a_worker_whose_time_is_up_stops_and_the_try_counts(publish, run_at, monkeypatch, room):
    publish(WON)
    record(Fact(factories.account().pk, "deal.won", "Won"))

    def slow(*arguments):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(room, "_walk" if room is engine else "_match", slow)
    with pytest.raises(SoftTimeLimitExceeded):
        run_at(NOON)
    assert not Trial.objects.exists()
    tried = Enrollment if room is engine else Pending
    assert tried.objects.get().attempts == 1


def test_no_character_of_an_error_keeps_it_from_being_counted(parked):
    first = parked[0]
    Enrollment.objects.filter(pk=first.pk).update(state="active", attempts=4)
    Trial.announce(NOON, [first.pk]).fail(ValueError("a\0b"), NOON)
    first.refresh_from_db()
    assert (first.state, first.ended_because) == ("parked", "ValueError: ab")


def test_a_fact_that_fails_waits_before_it_is_tried_again_and_is_parked_in_the_end(publish, run_at, monkeypatch):
    publish(WON)
    record(Fact(factories.account().pk, "deal.won", "Won"))

    def fails(*arguments):
        raise ValueError("not now")

    monkeypatch.setattr("retention.workflows.matching.enter", fails)
    run_at(NOON)
    pending = Pending.objects.get()
    assert (pending.attempts, pending.parked_at, pending.retry_at) == (1, None, NOON + timedelta(minutes=1))
    for minute in range(1, 6):
        run_at(NOON + timedelta(minutes=minute))
    pending.refresh_from_db()
    assert (pending.attempts, pending.parked_at is not None) == (5, True)
    assert pending.error == "ValueError: not now"


@pytest.fixture
def parked(publish):
    workflow = publish(silent())
    fields = {"workflow": workflow, "version": workflow.version, "step_id": "call", "due_at": NOON}
    return [
        Enrollment.objects.create(
            account=factories.account(), trigger_key=f"silent:{number}", state="parked", attempts=5, **fields
        )
        for number in range(3)
    ]


def test_parked_enrollments_get_another_round_of_attempts(parked, run_at):
    first, second, third = parked
    Enrollment.objects.filter(pk=third.pk).update(state="exited")
    assert actions.retry_many([first.pk, third.pk], "Mended", None, NOON) == [first.pk]
    run_at(NOON)
    assert Task.objects.get().account == first.account
    assert list(Enrollment.objects.order_by("id").values_list("state", flat=True)) == ["done", "parked", "exited"]
    assert actions.retry_many(None, "Mended", None, NOON) == [second.pk]
    assert not actions.retry(second, "", None, NOON)


def test_a_discarded_enrollment_has_left_for_a_reason(parked, mira, run_at):
    first, second, third = parked
    assert actions.discard(first, "Bought elsewhere", mira, NOON)
    assert not actions.discard(first, "Again", mira, NOON + DAY)
    first.refresh_from_db()
    assert (first.state, first.ended_at) == ("exited", NOON)
    assert first.ended_because == "Discarded by Mira: Bought elsewhere"
    assert actions.discard_many([first.pk, second.pk], "x" * 400, None, NOON) == [second.pk]
    assert actions.discard_many(None, "The rest", None, NOON) == [third.pk]
    run_at(NOON + DAY)
    assert not Task.objects.exists()


def test_a_fact_that_kills_whoever_reads_it_is_parked_and_the_others_are_read(publish, monkeypatch):
    publish(WON)
    poison, *others = (factories.account().pk for _ in range(5))
    for account in (poison, *others):
        record(Fact(account, "deal.won", "Won"))
    enter, deaths = matching.enter, []

    class Killed(BaseException):
        """The end of a process: its database session is gone, and its transactions with it."""

    def kills(workflow, trigger, cause, now):
        *_, entries = (value for value in cause.values if isinstance(value, list))
        if TimelineEntry.objects.filter(pk__in=entries, account_id=poison).exists():
            raise Killed
        enter(workflow, trigger, cause, now)

    monkeypatch.setattr(matching, "enter", kills)
    for minute in range(8):
        try:
            matching.match(NOON + timedelta(minutes=minute))
        except Killed:
            deaths.append(minute)
            Trial.objects.update(backend_pid=1)

    assert deaths == [0, 1, 3, 5, 7]
    matching.match(NOON + timedelta(minutes=9))
    parked = Pending.objects.get()
    assert (parked.entry.account_id, parked.attempts, parked.parked_at is not None) == (poison, 5, True)
    assert "died" in parked.error
    assert Enrollment.objects.count() == 4
    assert not Trial.objects.exists()


def test_facts_that_were_read_leave_no_trial(publish):
    publish(WON)
    assert matching.match(NOON) == 0
    for _ in range(3):
        record(Fact(factories.account().pk, "deal.won", "Won"))
    assert matching.match(NOON) == 3
    assert not Trial.objects.exists()


@pytest.fixture
def recipe_parked(db):
    workflow = actions.enable("inactivity", NOON)
    return Enrollment.objects.create(
        workflow=workflow, version=workflow.version, account=factories.account(), trigger_key="x", step_id="call",
        due_at=NOON, state="parked", attempts=5,
    )  # fmt: skip


def test_switching_off_ends_the_parked_too(recipe_parked):
    actions.disable("inactivity", NOON + DAY)
    recipe_parked.refresh_from_db()
    assert (recipe_parked.state, recipe_parked.ended_at) == ("exited", NOON + DAY)
    assert recipe_parked.ended_because == "The workflow was switched off"


def test_nobody_is_tried_again_in_a_workflow_that_is_off(recipe_parked):
    Workflow.objects.update(state="off")
    assert actions.retry_many(None, "Mended", None, NOON) == []
    recipe_parked.refresh_from_db()
    assert recipe_parked.state == "parked"
    Workflow.objects.update(state="paused")
    assert actions.retry_many(None, "Mended", None, NOON) == [recipe_parked.pk]


def test_who_tried_again_and_why_stands_on_the_timeline(recipe_parked, mira):
    assert actions.retry(recipe_parked, "The text is mended", mira, NOON)
    kept = TimelineEntry.objects.get(kind="enrollment.retried")
    assert (kept.account_id, kept.actor) == (recipe_parked.account_id, mira)
    assert kept.text.endswith("at step call: The text is mended")
    assert not Pending.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["disable", "pause"])
def test_mail_goes_on_while_switching_off_waits_for_a_sweep(transactional_db, verb):
    workflow = actions.enable("inactivity", NOON)
    MailPolicy.the_only(locked=False).save()
    waits = {"disable": lambda: actions.disable("inactivity", NOON), "pause": lambda: actions.pause(workflow)}[verb]

    def off():
        waits()
        connection.close()

    thread = threading.Thread(target=off)
    with transaction.atomic():
        Workflow.objects.select_for_update().get(slug="inactivity")
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        assert MailPolicy.shared() is not None
    thread.join(10)
    assert not thread.is_alive()
    workflow.refresh_from_db()
    assert workflow.state == {"disable": "off", "pause": "paused"}[verb]
    assert MailPolicy.the_only().revision == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["disable", "leave"])
def test_switching_off_beside_a_merge_or_an_erasure_ties_no_knot(transactional_db, verb):
    """Those hold the gate and then take enrollments: whoever else wants both holds no enrollment at the gate."""
    workflow = actions.enable("inactivity", NOON)
    deed = Act.objects.create(kind="bulk.enroll", at=NOON)
    inside = Enrollment.objects.create(
        workflow=workflow, version=workflow.version, account=factories.account(), trigger_key=f"{BY_HAND}{deed.pk}",
        step_id="x", due_at=NOON,
    )  # fmt: skip
    verbs = {"disable": lambda: actions.disable("inactivity", NOON), "leave": lambda: _left(deed)}
    failed = []

    def off():
        try:
            verbs[verb]()
        except DatabaseError as error:
            failed.append(error)
        connection.close()

    thread = threading.Thread(target=off)
    with transaction.atomic():
        close_the_gate()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        Enrollment.objects.select_for_update(nowait=True).get(pk=inside.pk)
    thread.join(10)
    inside.refresh_from_db()
    assert (failed, inside.state) == ([], "exited")


def _left(deed):
    with transaction.atomic():
        bulk.leave(deed, None, NOON)
