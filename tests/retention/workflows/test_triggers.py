"""Who enters when: facts, dates, silence."""

from datetime import date, timedelta

import pytest

from crm.outbox.models import OutboundMessage
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending
from crm.todos.models import Task
from retention.workflows import actions
from retention.workflows.models import Enrollment, StepRun
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK, WON, reminder, silent

SECOND = timedelta(seconds=1)


def test_a_fact_enrolls_once_and_its_task_goes_to_the_owner(publish, run_at, mira):
    publish(WON)
    account = factories.account("Nordwind", owner=mira)
    record(Fact(account.pk, "deal.won", "Won"))
    run_at(NOON)
    run_at(NOON)
    task = Task.objects.get()
    assert (task.title, task.owner, task.account) == ("Call Nordwind", mira, account)
    assert not Pending.objects.exists()
    run = StepRun.objects.get()
    assert (task.origin, task.origin_id) == ("workflow", run.pk)
    assert Enrollment.objects.get().state == "done"


@pytest.mark.parametrize(("goal_at", "state"), [(NOON - SECOND, "done"), (NOON, "reached"), (NOON + SECOND, "reached")])
def test_a_goal_counts_from_the_fact_that_made_enter_however_late_both_are_read(publish, run_at, goal_at, state):
    publish({**WON, "goal": {"because": "They began", "fact": "contract.started"}})
    account = factories.account().pk
    record([Fact(account, "deal.won", "Won", NOON), Fact(account, "contract.started", "Began", goal_at)])
    run_at(NOON + 5 * SECOND)
    assert Enrollment.objects.get().state == state
    assert Task.objects.exists() == (state == "done")


def test_the_fact_that_makes_enter_makes_nobody_leave(publish, run_at):
    steps = [{"id": "while", "do": "wait", "for": {"days": 1}}, TASK]
    publish({**WON, "steps": steps, "exits": [{"because": "Won again", "fact": "deal.won"}]})
    account = factories.account().pk
    record(Fact(account, "deal.won", "Won", NOON))
    run_at(NOON + SECOND)
    assert Enrollment.objects.get().state == "active"
    record(Fact(account, "deal.won", "Won again", NOON + 2 * SECOND))
    run_at(NOON + 3 * SECOND)
    assert list(Enrollment.objects.order_by("id").values_list("state", flat=True)) == ["exited", "active"]


def test_history_fires_nothing(publish, run_at):
    publish(WON)
    record(Fact(factories.account().pk, "deal.won", "Won"), react=False)
    record(Fact(factories.account().pk, "deal.won", "Won long ago", occurred_at=NOON - timedelta(seconds=1)))
    run_at(NOON)
    assert not Enrollment.objects.exists()


def test_silence_fires_at_the_moment_it_has_lasted_and_once_a_spell(publish, run_at):
    publish(silent())
    account = factories.account(last_seen_at=NOON)
    run_at(NOON + 14 * DAY - timedelta(minutes=1))
    assert not Enrollment.objects.exists()
    run_at(NOON + 14 * DAY)
    run_at(NOON + 20 * DAY)
    assert Enrollment.objects.count() == 1
    factories.seen(NOON + 21 * DAY, account=account)
    run_at(NOON + 35 * DAY)
    assert Enrollment.objects.count() == 2
    assert Task.objects.count() == 2


def test_who_was_silent_before_enters_only_when_asked_for(run_at):
    factories.account(last_seen_at=NOON - 15 * DAY, lifecycle="customer")
    actions.enable("inactivity", NOON)
    run_at(NOON + 2 * DAY)
    assert not Enrollment.objects.exists()
    actions.disable("inactivity", NOON + 2 * DAY)
    actions.enable("inactivity", NOON + 2 * DAY, include_current=True)
    run_at(NOON + 2 * DAY)
    assert Enrollment.objects.count() == 1


def test_the_trigger_filter_keeps_others_out(publish, run_at):
    publish(silent(where={"field": "lifecycle", "op": "is", "value": "customer"}))
    factories.account(last_seen_at=NOON, lifecycle="lead")
    inside = factories.account(last_seen_at=NOON, lifecycle="customer")
    run_at(NOON + 15 * DAY)
    assert Enrollment.objects.get().account == inside


def test_a_contract_that_began_before_it_was_known_is_history(publish, run_at):
    publish({"trigger": {"when": "date", "field": "contract.starts_on"}, "steps": [TASK]})
    factories.contract(factories.account("Old"), NOON.date() - DAY)
    factories.contract(factories.account("Today"), NOON.date())
    factories.contract(factories.account("Tomorrow"), NOON.date() + DAY)
    run_at(NOON + 2 * DAY)
    assert sorted(Task.objects.values_list("title", flat=True)) == ["Call Today", "Call Tomorrow"]


def test_a_date_that_moves_takes_its_reminder_with_it(publish, run_at):
    publish(reminder())
    account = factories.account()
    factories.contact(account)
    contract = factories.contract(account, date(2025, 7, 10), date(2026, 7, 10))
    run_at(NOON.replace(day=10, hour=0))
    assert Enrollment.objects.get().state == "active"
    contract.terms.update(ends_on=date(2026, 8, 10), known_at=NOON.replace(day=10, hour=1))
    run_at(NOON.replace(day=10, hour=9))
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.ended_because) == ("exited", "The date it counted from has changed")
    assert not OutboundMessage.objects.exists()
    run_at(NOON.replace(month=7, day=11, hour=9))
    assert OutboundMessage.objects.get().facts["contract"]["ends_on"] == "10 August 2026"


def test_a_silence_that_becomes_known_late_counts_from_then(publish, run_at):
    publish(silent(days=3))
    account = factories.account(last_seen_at=NOON)
    run_at(NOON + 2 * DAY)
    factories.seen(NOON + DAY, account=account)
    run_at(NOON + 2 * DAY)
    late = factories.account("Weekly", signed_up_on=None)
    run_at(NOON + 9 * DAY)
    factories.seen(NOON + 2 * DAY, account=late)
    run_at(NOON + 10 * DAY)
    enrollment = Enrollment.objects.get(account=late)
    assert enrollment.due_at == NOON + 10 * DAY
    assert sorted(Task.objects.values_list("account__name", flat=True)) == sorted([account.name, "Weekly"])


def test_an_account_imported_after_its_silence_is_history(publish, run_at):
    publish(silent(days=3))
    factories.account(last_seen_at=NOON - DAY, created_at=NOON + 5 * DAY)
    run_at(NOON + 6 * DAY)
    assert not Enrollment.objects.exists()


def test_a_large_sweep_enters_in_slices(publish, run_at, monkeypatch):
    monkeypatch.setattr("retention.workflows.triggers.entering.MOST_AT_ONCE", 2)
    workflow = publish(silent())
    for _ in range(5):
        factories.account(last_seen_at=NOON)
    slices = [actions.triggers.sweep(NOON + 14 * DAY) for _ in range(4)]
    assert slices == [2, 2, 1, 0]
    workflow.refresh_from_db()
    assert workflow.swept_until == NOON + 14 * DAY


def test_a_goal_that_was_read_before_what_made_enter_still_counts(publish, run_at):
    """The trigger had failed and rests; the goal that came after it was read meanwhile, and found nobody inside."""
    publish({**WON, "goal": {"because": "They began", "fact": "contract.started"}})
    early, late = factories.account("Early").pk, factories.account("Late").pk
    for account, goal_at in ((early, NOON - SECOND), (late, NOON + SECOND)):
        record([Fact(account, "deal.won", "Won", NOON), Fact(account, "contract.started", "Began", goal_at)])
    Pending.objects.filter(entry__kind="deal.won").update(attempts=1, retry_at=NOON + timedelta(minutes=1))
    run_at(NOON + 2 * SECOND)
    assert not Enrollment.objects.exists()
    run_at(NOON + timedelta(minutes=1))
    found = dict(Enrollment.objects.values_list("account_id", "state"))
    assert found == {early: "done", late: "reached"}
    assert Task.objects.get().account_id == early
