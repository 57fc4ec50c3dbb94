"""Enrolling many customers by hand: who enters, who does not, what becomes of them, and back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from crm.history.actions import undo
from crm.history.models import Act
from retention.workflows import wording
from retention.workflows.actions import disable, enable, work
from retention.workflows.models import Enrollment
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client: Client, mira) -> Client:
    client.force_login(mira)
    return client


def enroll(pages: Client, workflow, *rows):
    sent = {"ids": ",".join(str(row.pk) for row in rows), "workflow": workflow.pk, "confirmed": "1"}
    return pages.post("/bulk/account/enroll/", sent, follow=True)


def test_they_begin_at_the_first_step_and_the_reason_names_who(pages, mira):
    """Although no date of theirs would have let them in, none throws them out either."""
    workflow = enable("renewal-reminder", NOON)
    kelp = factories.account("Kelp", owner=mira)
    factories.contact(kelp)
    enroll(pages, workflow, kelp)
    row = Enrollment.objects.get()
    assert (row.account, row.state, row.anchor, row.due_at) == (kelp, "active", date(2026, 6, 1), NOON)
    assert wording.cause(row.facts, NOON.date()) == "Enrolled by Mira, from a list"
    assert Act.objects.get(kind="bulk.enroll").label == f"enrolled 1 customer in {workflow}"
    for days in range(3):
        work(NOON + timedelta(days=days))
    row.refresh_from_db()
    assert row.ended_because != "The date it counted from has changed"


def test_whoever_is_in_it_goes_on_where_they_are(pages, mira):
    workflow = enable("renewal-reminder", NOON)
    kelp, ridge = factories.account("Kelp"), factories.account("Ridge")
    enroll(pages, workflow, kelp)
    answer = enroll(pages, workflow, kelp, ridge)
    assert "1 was so already." in answer.content.decode()
    assert Enrollment.objects.filter(account=kelp).count() == 1
    assert Enrollment.objects.count() == 2


def test_a_workflow_that_is_off_is_refused(pages, mira):
    workflow = enable("renewal-reminder", NOON)
    disable("renewal-reminder", NOON)
    answer = enroll(pages, workflow, factories.account("Kelp"))
    assert answer.status_code == 422
    assert not Enrollment.objects.exists()
    assert not Act.objects.filter(kind="bulk.enroll").exists()


def test_undone_they_leave_and_whoever_is_through_is_named(pages, mira):
    workflow = enable("renewal-reminder", NOON)
    kelp, ridge = factories.account("Kelp"), factories.account("Ridge")
    enroll(pages, workflow, kelp, ridge)
    Enrollment.objects.filter(account=ridge).update(state="done", ended_at=NOON)
    undone = undo(Act.objects.get(kind="bulk.enroll"), mira, NOON)
    assert undone.reverted == 1
    assert [(one.record, one.because) for one in undone.kept] == [("Ridge", "they had gone through it already")]
    row = Enrollment.objects.get(account=kelp)
    assert (row.state, row.ended_because) == ("exited", "Enrolled by hand, and undone by Mira")
