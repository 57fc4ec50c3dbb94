"""The page of one enrollment, and the mending of a parked one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows import explanation
from retention.workflows.models import Enrollment, StepRun, WorkflowVersion
from tests import factories
from tests.conftest import NOON

STEPS = {
    "trigger": {"when": "fact", "kind": "contract.started"},
    "steps": [
        {"id": "hello", "do": "message", "category": "service", "subject": "Welcome", "body": "Hello"},
        {"id": "call", "do": "task", "title": "Call them", "due_in_days": 1},
        {"id": "rest", "do": "wait", "for": {"days": 3}},
        {"id": "bye", "do": "message", "category": "service", "subject": "How is it?", "body": "Well?"},
    ],
}


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def enrolled(publish, run_at, mira):
    workflow = publish(STEPS)
    account = factories.account("Kelp & Co", owner=mira)
    factories.contact(account)
    enrollment = Enrollment.objects.create(
        workflow=workflow, version=workflow.version, account=account, trigger_key="1", step_id="hello", due_at=NOON,
        entered_at=NOON, facts={"text": "Pro began"},
    )  # fmt: skip
    run_at(NOON)
    enrollment.refresh_from_db()
    return enrollment


def address(enrollment):
    return reverse("workflows:enrollment", args=[enrollment.workflow.slug, enrollment.pk])


def test_it_tells_who_why_what_and_what_next(enrolled, mira):
    page = browser(mira).get(address(enrolled)).content.decode()
    mail, task = OutboundMessage.objects.get(), Task.objects.get()
    for words in ("Kelp &amp; Co", "Pro began", "Version 1", "Planned a mail to", "How is it?"):
        assert words in page
    assert reverse("outbox:detail", args=[mail.pk]) in page
    assert reverse("todos:detail", args=[task.pk]) in page
    assert enrolled.due_at == NOON + timedelta(days=3)


def test_it_costs_few_queries_however_many_steps(enrolled, ada, kept_standing):
    for number in range(20):
        StepRun.objects.create(enrollment=enrolled, step_id=f"s{number}", kind="task", ran_at=NOON, outcome="Done")
    client = browser(ada)
    client.get(address(enrolled))
    with CaptureQueriesContext(connection) as queries:
        client.get(address(enrolled))
    assert len(queries) <= 12


def test_an_explanation_leads_here(enrolled):
    run = enrolled.runs.first()
    assert explanation.explain([run.pk])[run.pk].url == address(enrolled)


def test_others_do_not_see_it(enrolled, olaf, client):
    assert browser(olaf).get(address(enrolled)).status_code == 404
    assert client.get(address(enrolled)).status_code == 302
    wrong = reverse("workflows:enrollment", args=["other", enrolled.pk])
    assert browser(olaf).get(wrong).status_code == 404


def test_a_version_that_cannot_be_read_hides_nothing(enrolled, ada):
    version = WorkflowVersion.objects.create(workflow=enrolled.workflow, number=2, definition={"name": "Broken"})
    Enrollment.objects.filter(pk=enrolled.pk).update(version=version)
    page = browser(ada).get(address(enrolled))
    assert page.status_code == 200
    assert "Planned a mail to" in page.content.decode()


@pytest.fixture
def parked(enrolled):
    Enrollment.objects.filter(pk=enrolled.pk).update(state="parked", ended_because="KeyError: plan", attempts=5)
    enrolled.refresh_from_db()
    return enrolled


def verb(enrollment, name):
    return reverse(f"workflows:{name}", args=[enrollment.workflow.slug, enrollment.pk])


def test_a_parked_one_says_where_and_why(parked, ada, mira):
    assert "KeyError: plan" in browser(ada).get(address(parked)).content.decode()
    page = browser(mira).get(address(parked)).content.decode()
    assert "An admin can try again." in page
    assert verb(parked, "retry") not in page


def test_an_admin_tries_again_once(parked, ada):
    asked = {"next": address(parked)}
    answer = browser(ada).post(verb(parked, "retry"), asked)
    assert answer.headers["Location"] == address(parked)
    parked.refresh_from_db()
    assert (parked.state, parked.attempts, parked.due_at) == ("active", 0, NOON)
    assert "It was not parked." in browser(ada).post(verb(parked, "retry"), asked, follow=True).content.decode()


def test_an_admin_discards_for_a_reason(parked, ada):
    browser(ada).post(verb(parked, "discard"))
    parked.refresh_from_db()
    assert parked.state == "parked"
    browser(ada).post(verb(parked, "discard"), {"reason": "They have left"})
    parked.refresh_from_db()
    assert (parked.state, parked.ended_because) == ("exited", "Discarded by Ada: They have left")


@pytest.mark.parametrize("name", ["retry", "discard"])
def test_nobody_else_mends(parked, mira, sam, olaf, name):
    for user in (mira, sam, olaf):
        assert browser(user).post(verb(parked, name), {"reason": "x"}).status_code == 403
    assert browser(mira).get(verb(parked, name)).status_code == 405
    parked.refresh_from_db()
    assert parked.state == "parked"


def test_the_people_tab_leads_here_and_narrows(parked, ada):
    page = browser(ada).get(reverse("workflows:detail", args=["test"]), {"tab": "people", "state": "parked"})
    assert address(parked) in page.content.decode()
    late = browser(ada).get(reverse("workflows:detail", args=["test"]), {"tab": "people", "state": "late"})
    assert address(parked) not in late.content.decode()
