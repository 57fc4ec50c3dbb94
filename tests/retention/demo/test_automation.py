"""What the demo tells of workflows: each of the things that the pages have a place for can be seen there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crm.accounts.models import Contact
from crm.outbox.models import Decision, OutboundMessage
from retention.campaigns.models import Campaign
from retention.demo.automation import LEFT_WAITING
from retention.workflows.models import Enrollment, StepRun, Workflow
from retention.workflows.rehearsal.models import Rehearsal
from tests.conftest import NOON

pytestmark = pytest.mark.xdist_group("told")  # one process tells for all who look


def _own() -> Workflow:
    return Workflow.objects.get(recipe="", room="", state="on")


def test_people_are_in_flight_on_both_versions_of_the_workflow_of_their_own(told: Path) -> None:
    own = _own()
    assert (own.version.number, own.version.published_by.name) == (2, "Ada Novak")
    under_way = Enrollment.objects.filter(workflow=own, state="active")
    assert set(under_way.values_list("version__number", flat=True)) == {1, 2}
    assert {"done", "reached"} <= set(own.enrollments.values_list("state", flat=True))
    arms = StepRun.objects.filter(enrollment__workflow=own, step_id="wording").values_list("outcome", flat=True)
    assert len(set(arms)) == 2


def test_letters_wait_for_a_yes_and_others_got_theirs(told: Path) -> None:
    asked = OutboundMessage.objects.asked()
    assert asked.count() == LEFT_WAITING
    assert not asked.filter(expires_at__lt=NOON + timedelta(days=1)).exists()
    assert Decision.objects.filter(verdict="approved").exclude(by=None).exists()


def test_one_campaign_left_one_is_planned_and_one_is_written(told: Path) -> None:
    left, draft, planned = Campaign.objects.order_by("id")
    assert OutboundMessage.objects.filter(series=left.workflow.slug, state="sent").count() > 20
    assert planned.state == "planned"
    assert planned.day > NOON.date()
    assert not Enrollment.objects.filter(workflow=planned.workflow).exists()
    assert draft.state == "draft"


def test_a_group_is_held_out_and_one_workflow_stands_still(told: Path) -> None:
    measured = Enrollment.objects.filter(workflow=_own())
    assert measured.filter(held_out=True).exists()
    assert not StepRun.objects.filter(enrollment__in=measured.filter(held_out=True), detail__has_key="message").exists()
    waiting = Enrollment.objects.filter(workflow__state="paused", state="active")
    assert waiting.filter(due_at__lte=NOON).count() >= 2


def test_who_complained_is_left_alone_and_was_a_customers(told: Path) -> None:
    complaints = Decision.objects.filter(verdict="complained").select_related("message__contact")
    assert complaints.count() == 2
    assert all(one.message.contact for one in complaints)
    resting = Contact.objects.filter(automation_paused_until__gt=NOON, automation_paused_why__endswith="unwanted.")
    assert resting.count() == 2


def test_a_rehearsal_waits_for_the_first_worker(told: Path) -> None:
    assert Rehearsal.objects.get(state="waiting").slug == _own().slug
