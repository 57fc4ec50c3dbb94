"""What steps do, when waits end, and who leaves before the way does."""

from datetime import date, timedelta

import pytest

from crm.outbox.models import OutboundMessage
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from retention.workflows.models import Enrollment, StepRun
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import AT_NINE, DAY, MAIL, TASK, reminder, silent


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
    factories.seen(NOON + 15 * DAY, account=account)
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


def test_a_reminder_speaks_of_the_contract_that_caused_it(publish, run_at):
    publish(reminder())
    account = factories.account()
    factories.contact(account)
    factories.contract(account, date(2026, 3, 1), date(2026, 7, 10), plan="Small")
    factories.contract(account, date(2026, 1, 1), date(2027, 1, 1), plan="Big")
    run_at(NOON.replace(day=10, hour=9))
    facts = OutboundMessage.objects.get().facts
    assert (facts["contract"]["plan"], facts["contract"]["ends_on"]) == ("Small", "10 July 2026")
