"""Mail of a workflow that is off, paused or left does not leave; refusals and explanations say why."""

from datetime import timedelta

import pytest

from crm import slots
from crm.outbox.models import OutboundMessage
from retention.workflows import actions, guard, published
from retention.workflows.models import Enrollment, WorkflowVersion
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)
MAIL = {"id": "hello", "do": "message", "subject": "Hello", "body": "Hi"}
SILENT_AGAIN = {"because": "Seen again", "where": {"field": "days_silent", "op": "<", "value": 14}}


@pytest.fixture
def planned(publish, run_at):
    """A mail of a running workflow, planned and not yet sent."""
    workflow = publish({"trigger": {"when": "silence", "days": 14}, "steps": [MAIL], "exits": [SILENT_AGAIN]})
    account = factories.account(last_seen_at=NOON)
    factories.contact(account)
    run_at(NOON + 14 * DAY)
    return workflow, OutboundMessage.objects.get()


def test_nothing_stands_in_the_way_of_a_running_workflow(planned):
    assert guard.refuse([planned[1]], NOON + 14 * DAY) == {}


def test_a_workflow_that_is_off_sends_nothing(planned):
    workflow, message = planned
    workflow.state = "off"
    workflow.save()
    refusal = guard.refuse([message], NOON + 14 * DAY)[message.pk]
    assert refusal.reason == "the workflow “Test” was switched off"


def test_a_paused_workflow_keeps_its_mail_waiting(planned):
    workflow, message = planned
    actions.pause(workflow)
    refusal = guard.refuse([message], NOON + 14 * DAY)[message.pk]
    assert refusal.reason == "the workflow “Test” is paused"
    assert refusal.until == NOON + 14 * DAY + guard.ASK_AGAIN


def test_the_exit_is_asked_again_at_the_gate(planned):
    _, message = planned
    factories.seen(NOON + 14 * DAY)
    refusal = guard.refuse([message], NOON + 15 * DAY)[message.pk]
    assert (refusal.guard, refusal.reason, refusal.until) == ("workflow", "Seen again", None)
    assert refusal.facts["looked"]["seen"]["0"] == {"days_silent": 1}


def test_who_left_gets_nothing_more(planned):
    _, message = planned
    Enrollment.objects.update(state="exited", ended_because="They called")
    assert "They called" in guard.refuse([message], NOON + 14 * DAY)[message.pk].reason


def test_messages_of_others_are_not_its_business(db):
    assert guard.refuse([OutboundMessage(pk=1, origin="")], NOON) == {}


def test_a_message_explains_itself(planned):
    _, message = planned
    explanation = slots.explainers["workflow"]([message.origin_id])[message.origin_id]
    assert explanation.title == "Test"
    enrollment = Enrollment.objects.get()
    assert explanation.url == f"/workflows/test/enrollments/{enrollment.pk}/"
    assert explanation.lines == [
        ("Workflow", "Test, version 1"),
        ("Started by", "Silent for 14 days, since 1 June"),
        ("Entered", "15 June, 12:00"),
        ("12:00", f"Planned a mail to {message.contact}"),
    ]


def test_mail_of_a_workflow_that_cannot_be_read_waits(planned):
    _, message = planned
    WorkflowVersion.objects.update(definition={"name": "x", "steps": [{"id": "a", "do": "a step of a later release"}]})
    published.of_version.cache_clear()
    refusal = guard.refuse([message], NOON + 14 * DAY)[message.pk]
    published.of_version.cache_clear()
    assert refusal.reason.startswith("its workflow cannot be read: ")
    assert refusal.until == NOON + 14 * DAY + guard.ASK_AGAIN
