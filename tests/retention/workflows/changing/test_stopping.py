"""Stopped at once as it was previewed, and everybody back where they were."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.history.actions import undo
from crm.history.models import Act
from crm.history.undoing import UndoError
from crm.outbox.models import OutboundMessage
from crm.timeline.actions import Fact, record
from retention.workflows import actions, guard, matching
from retention.workflows.changing import stopping
from retention.workflows.changing.resuming import Choice, overdue
from retention.workflows.models import Enrollment
from tests.conftest import NOON
from tests.retention.workflows.changing.test_resuming import BYE, REST
from tests.retention.workflows.plans import DAY, MAIL

STEPS = {"trigger": {"when": "silence", "days": 14}, "steps": [MAIL, REST, BYE]}


@pytest.fixture
def running(publish, stand, run_at):
    workflow = publish(STEPS, "inactivity")
    rows = [stand(workflow, "hello") for _ in range(3)]
    run_at(NOON)
    parked = stand(workflow, "bye", "hello", state="parked", attempts=5, ended_because="Broken")
    return workflow, [*rows, parked]


def test_what_it_would_do_is_what_it_does(running, ada):
    workflow, _rows = running
    assert stopping.would_stop(workflow) == stopping.Stop(4, 3)
    actions.disable("inactivity", NOON, ada)
    assert set(Enrollment.objects.values_list("state", "ended_because")) == {("exited", stopping.BECAUSE)}
    mails = list(OutboundMessage.objects.all())
    assert len(guard.refuse(mails, NOON)) == 3
    deed = Act.objects.get()
    assert (deed.kind, deed.detail["people"], deed.detail["mails"]) == (stopping.KIND, 4, 3)
    actions.disable("inactivity", NOON, ada)
    assert Act.objects.count() == 1


def test_undone_everybody_goes_on_where_they_were(running, ada, run_at):
    workflow, rows = running
    before = dict(Enrollment.objects.values_list("pk", "due_at"))
    actions.disable("inactivity", NOON, ada)
    workflow.refresh_from_db()
    assert stopping.bring_back(workflow, Choice(), ada, NOON + DAY) == 4
    workflow.refresh_from_db()
    assert (workflow.state, workflow.enabled_at) == ("on", NOON + DAY)
    assert dict(Enrollment.objects.values_list("pk", "due_at")) == before
    states = dict(Enrollment.objects.values_list("pk", "state"))
    assert states == {row.pk: "parked" if row.state == "parked" else "active" for row in rows}
    run_at(NOON + 20 * DAY)
    assert OutboundMessage.objects.filter(template__subject="Goodbye").count() == 3


def test_what_came_due_meanwhile_follows_the_choice(running, ada, run_at):
    workflow, _ = running
    actions.disable("inactivity", NOON, ada)
    workflow.refresh_from_db()
    back = NOON + 25 * DAY
    assert overdue(workflow, back, stopped_at=NOON).mails == 3 + 1
    stopping.bring_back(workflow, Choice("send"), ada, back)
    run_at(back + timedelta(seconds=1))
    assert OutboundMessage.objects.filter(due_at__gte=back).count() == 3


def test_after_thirty_days_or_on_again_it_is_too_late(running, ada):
    workflow, _ = running
    actions.disable("inactivity", NOON, ada)
    workflow.refresh_from_db()
    assert stopping.last_stop(workflow, NOON + 30 * DAY - timedelta(seconds=1))
    assert stopping.last_stop(workflow, NOON + 30 * DAY) is None
    with pytest.raises(UndoError):
        stopping.bring_back(workflow, Choice(), ada, NOON + 30 * DAY)
    actions.enable("inactivity", NOON + DAY)
    with pytest.raises(UndoError):
        undo(Act.objects.get(kind=stopping.KIND), ada, NOON + DAY)
    assert not Enrollment.objects.filter(state="active").exists()


def test_a_goal_that_was_reached_meanwhile_counts(publish, stand, ada):
    goal = {"because": "Seen", "fact": "login"}
    workflow = publish({**STEPS, "goal": goal}, "inactivity")
    row = stand(workflow, "bye", "hello", due_at=NOON + 9 * DAY)
    actions.disable("inactivity", NOON, ada)
    record([Fact(row.account_id, "login", "Logged in", occurred_at=NOON + DAY)], now=NOON + DAY)
    matching.match(NOON + DAY)  # which nobody in a workflow that is off hears
    workflow.refresh_from_db()
    stopping.bring_back(workflow, Choice(), ada, NOON + 2 * DAY)
    row.refresh_from_db()
    assert (row.state, row.ended_because) == ("reached", "Seen")
