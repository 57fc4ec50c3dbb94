"""The engine: who enters when, what steps do, who leaves, and what happens to a step that fails."""

from datetime import date, timedelta

import pytest

from crm.accounts.models import Account
from crm.outbox.models import OutboundMessage
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending
from crm.todos.models import Task
from retention.workflows import actions, engine
from retention.workflows.models import Enrollment, StepRun, Trial
from retention.workflows.steps import steps
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)
TASK = {"id": "call", "do": "task", "title": "Call {{ account.name }}", "due_in_days": 1}
MAIL = {"id": "hello", "do": "message", "subject": "Hello {{ contact.first_name }}", "body": "Hi"}
AT_NINE = {"id": "morning", "do": "wait", "until": {"day": 1, "time": "09:00"}}


def silent(days: int = 14, **more):
    return {"trigger": {"when": "silence", "days": days, **more}, "steps": [TASK]}


def test_a_fact_enrolls_once_and_its_task_goes_to_the_owner(publish, run_at, mira):
    publish({"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [TASK]})
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


def test_history_fires_nothing(publish, run_at):
    publish({"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [TASK]})
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
    Account.objects.filter(pk=account.pk).update(last_seen_at=NOON + 21 * DAY)
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


@pytest.mark.parametrize(
    ("zone", "hour"), [("Pacific/Auckland", 21), ("Europe/Berlin", 7), ("America/Los_Angeles", 16), ("", 9)]
)
def test_a_date_trigger_writes_at_nine_where_the_reader_is(publish, run_at, zone, hour):
    publish({"trigger": {"when": "date", "field": "contract.ends_on", "offset_days": -30}, "steps": [AT_NINE, MAIL]})
    account = factories.account()
    factories.contact(account, timezone=zone)
    factories.contract(account, date(2025, 7, 10), date(2026, 7, 10))
    day = date(2026, 6, 9 if zone == "Pacific/Auckland" else 10)
    due = NOON.replace(day=day.day, hour=hour)
    run_at(due - timedelta(minutes=1))
    assert not OutboundMessage.objects.exists()
    run_at(due)
    message = OutboundMessage.objects.get()
    assert (message.due_at, message.planned_for, message.expires_at) == (due, due, due + 3 * DAY)
    assert message.facts["contact"]["first_name"] == "Anna"


def test_a_contract_that_began_before_it_was_known_is_history(publish, run_at):
    publish({"trigger": {"when": "date", "field": "contract.starts_on"}, "steps": [TASK]})
    factories.contract(factories.account("Old"), NOON.date() - DAY)
    factories.contract(factories.account("Today"), NOON.date())
    factories.contract(factories.account("Tomorrow"), NOON.date() + DAY)
    run_at(NOON + 2 * DAY)
    assert sorted(Task.objects.values_list("title", flat=True)) == ["Call Today", "Call Tomorrow"]


def test_waits_count_from_when_they_were_due_not_from_when_a_worker_came(publish, run_at):
    publish(
        {
            "trigger": {"when": "silence", "days": 14},
            "steps": [
                {"id": "nine", "do": "wait", "until": {"time": "09:00"}},
                {"id": "three", "do": "wait", "for": {"days": 3, "at": "09:00"}},
                TASK,
            ],
        }
    )
    factories.account(last_seen_at=NOON)
    run_at(NOON + 16 * DAY)
    assert Enrollment.objects.get().due_at == (NOON + 18 * DAY).replace(hour=9)
    run_at((NOON + 18 * DAY).replace(hour=9) - timedelta(seconds=1))
    assert not Task.objects.exists()
    run_at((NOON + 18 * DAY).replace(hour=9))
    assert Task.objects.count() == 1


def test_an_exit_is_asked_before_each_step(publish, run_at):
    plan = silent(where={})
    plan["steps"] = [{"id": "three", "do": "wait", "for": {"days": 3}}, TASK]
    plan["exits"] = [{"because": "Seen again", "where": {"field": "days_silent", "op": "<", "value": 14}}]
    publish(plan)
    account = factories.account(last_seen_at=NOON)
    run_at(NOON + 14 * DAY)
    Account.objects.filter(pk=account.pk).update(last_seen_at=NOON + 15 * DAY)
    run_at(NOON + 17 * DAY)
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.ended_because) == ("exited", "Seen again")
    assert not Task.objects.exists()


def test_a_goal_that_is_a_fact_ends_it_when_the_fact_is_written(publish, run_at):
    plan = silent()
    plan["steps"] = [{"id": "three", "do": "wait", "for": {"days": 3}}, TASK]
    plan["goal"] = {"because": "They called", "fact": "call.logged"}
    publish(plan)
    account = factories.account(last_seen_at=NOON)
    run_at(NOON + 14 * DAY)
    record(Fact(account.pk, "call.logged", "Call", occurred_at=NOON + 14 * DAY))
    run_at(NOON + 14 * DAY)
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.ended_because) == ("reached", "They called")


def test_a_branch_takes_one_way_and_remembers_what_it_saw(publish, run_at):
    plan = silent()
    more = {"field": "mrr", "op": ">", "value": 500}
    plan["steps"] = [
        {"id": "big", "do": "branch", "if": more, "then": [TASK], "else": [{**TASK, "id": "other", "title": "Write"}]},
        {**TASK, "id": "both", "title": "Both"},
    ]
    publish(plan)
    factories.account("Big", last_seen_at=NOON, mrr=501)
    factories.account("Small", last_seen_at=NOON, mrr=500)
    run_at(NOON + 14 * DAY)
    titles = {account: [] for account in ("Big", "Small")}
    for task in Task.objects.order_by("id").select_related("account"):
        titles[task.account.name].append(task.title)
    assert titles == {"Big": ["Call Big", "Both"], "Small": ["Write", "Both"]}
    assert StepRun.objects.get(enrollment__account__name="Small", step_id="big").detail == {"seen": {"mrr": "500.00"}}


def test_tags_are_set(publish, run_at):
    plan = silent()
    plan["steps"] = [{"id": "mark", "do": "set", "add_tags": ["quiet"], "remove_tags": ["busy"]}]
    publish(plan)
    account = factories.account(last_seen_at=NOON, tags=["busy", "vip"])
    run_at(NOON + 14 * DAY)
    account.refresh_from_db()
    assert account.tags == ["vip", "quiet"]


def test_a_step_that_fails_for_one_is_parked_and_the_others_go_on(publish, run_at, monkeypatch):
    publish(silent())
    poison = factories.account("Poison", last_seen_at=NOON)
    for _ in range(30):
        factories.account(last_seen_at=NOON)
    run_task = steps["task"]

    def fails_for_poison(step, enrollments, batch):
        if any(enrollment.account_id == poison.pk for enrollment in enrollments):
            raise ValueError("this one breaks it")
        run_task(step, enrollments, batch)

    monkeypatch.setitem(steps._entries, "task", fails_for_poison)
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
    engine._count_the_fallen(plan_due)
    enrollment.refresh_from_db()
    assert enrollment.attempts == 1
    assert enrollment.due_at == plan_due + timedelta(minutes=1)
    run_at(plan_due + timedelta(minutes=1))
    assert Task.objects.count() == 1


def test_a_paused_workflow_moves_nobody_and_one_that_is_off_lets_nobody_in(publish, run_at):
    workflow = publish(silent())
    factories.account(last_seen_at=NOON)
    run_at(NOON + 13 * DAY)
    assert actions.pause(workflow)
    assert not actions.pause(workflow)
    run_at(NOON + 15 * DAY)
    assert not Enrollment.objects.exists()
    assert actions.resume(workflow)
    run_at(NOON + 16 * DAY)
    assert Task.objects.count() == 1


def reminder(**more):
    steps = [AT_NINE, {**MAIL, "subject": "Ends {{ contract.ends_on }} ({{ contract.plan }})"}]
    return {"trigger": {"when": "date", "field": "contract.ends_on", "offset_days": -30}, "steps": steps, **more}


def test_a_reminder_speaks_of_the_contract_that_caused_it(publish, run_at):
    publish(reminder())
    account = factories.account()
    factories.contact(account)
    factories.contract(account, date(2026, 3, 1), date(2026, 7, 10), plan="Small")
    factories.contract(account, date(2026, 1, 1), date(2027, 1, 1), plan="Big")
    run_at(NOON.replace(day=10, hour=9))
    facts = OutboundMessage.objects.get().facts
    assert (facts["contract"]["plan"], facts["contract"]["ends_on"]) == ("Small", "10 July 2026")


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
    Account.objects.filter(pk=account.pk).update(last_seen_at=NOON + DAY)
    run_at(NOON + 2 * DAY)
    late = factories.account("Weekly", signed_up_on=None)
    run_at(NOON + 9 * DAY)
    Account.objects.filter(pk=late.pk).update(last_seen_at=NOON + 2 * DAY)
    run_at(NOON + 10 * DAY)
    enrollment = Enrollment.objects.get(account=late)
    assert enrollment.due_at == NOON + 10 * DAY
    assert sorted(Task.objects.values_list("account__name", flat=True)) == sorted([account.name, "Weekly"])


def test_an_account_imported_after_its_silence_is_history(publish, run_at):
    publish(silent(days=3))
    factories.account(last_seen_at=NOON - DAY, created_at=NOON + 5 * DAY)
    run_at(NOON + 6 * DAY)
    assert not Enrollment.objects.exists()


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


def test_a_workflow_that_cannot_be_read_stops_no_other(publish, run_at):
    broken = publish(silent(), slug="broken")
    broken.version.definition["trigger"]["where"] = {"field": "gone", "op": "is", "value": 1}
    broken.version.save()
    publish({"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [TASK]}, slug="other")
    factories.account(last_seen_at=NOON)
    record(Fact(factories.account("Won").pk, "deal.won", "Won"))
    run_at(NOON + 14 * DAY)
    assert Task.objects.get().account.name == "Won"
    assert not Pending.objects.exists()


def test_a_fact_that_fails_waits_before_it_is_tried_again_and_is_parked_in_the_end(publish, run_at, monkeypatch):
    publish({"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [TASK]})
    record(Fact(factories.account().pk, "deal.won", "Won"))

    def fails(*arguments):
        raise ValueError("not now")

    monkeypatch.setattr("retention.workflows.matching.enroll_for_facts", fails)
    run_at(NOON)
    pending = Pending.objects.get()
    assert (pending.attempts, pending.parked_at, pending.retry_at) == (1, None, NOON + timedelta(minutes=1))
    for minute in range(1, 6):
        run_at(NOON + timedelta(minutes=minute))
    pending.refresh_from_db()
    assert (pending.attempts, pending.parked_at is not None) == (5, True)
    assert pending.error == "ValueError: not now"


def test_a_large_sweep_enters_in_slices(publish, run_at, monkeypatch):
    monkeypatch.setattr("retention.workflows.triggers.MOST_AT_ONCE", 2)
    workflow = publish(silent())
    for _ in range(5):
        factories.account(last_seen_at=NOON)
    slices = [actions.triggers.sweep(NOON + 14 * DAY) for _ in range(4)]
    assert slices == [2, 2, 1, 0]
    workflow.refresh_from_db()
    assert workflow.swept_until == NOON + 14 * DAY
