"""Account managers pause, lead on and stop one customer's workflow where they read of it; each with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from crm.history.models import Act
from crm.outbox import pressure
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.changing.test_changing_pages import FIRST

DAY = timedelta(days=1)
RESTS = 'id="resting"'


@pytest.fixture
def one(publish, stand, mira):
    account = factories.account("Kelp", owner=mira)
    return stand(publish(FIRST), "bye", "hello", "rest", due_at=NOON + DAY, account=account)


def test_an_account_manager_stops_it_for_one_customer_from_their_page(browse, mira, one):
    here = f"/accounts/{one.account_id}/"
    assert f"/workflows/test/enrollments/{one.pk}/leaving/" in browse(mira).get(here).content.decode()

    answer = browse(mira).post(
        f"/workflows/test/enrollments/{one.pk}/leaving/", {"reason": "They sold the firm", "next": here}
    )

    assert answer["location"] == here
    one.refresh_from_db()
    assert (one.state, one.ended_because) == ("exited", "Taken out by Mira: They sold the firm")
    assert Act.objects.get(kind="enrollment.left").detail["reason"] == "They sold the firm"
    assert f"enrollments/{one.pk}/leaving" not in browse(mira).get(here).content.decode()


def test_paused_says_by_whom_and_why_on_the_customers_page(browse, mira, one):
    here = f"/accounts/{one.account_id}/"
    browse(mira).post(f"/workflows/test/enrollments/{one.pk}/hold/", {"reason": "A call first", "next": here})

    page = browse(mira).get(here).content.decode()

    assert "Paused by Mira: A call first" in page
    assert f"/workflows/test/enrollments/{one.pk}/release/" in page
    why = browse(mira).get(f"/workflows/why/?workflow=test&account={one.account_id}").content.decode()
    assert f"/workflows/test/enrollments/{one.pk}/release/" in why


def test_support_reads_but_does_not_steer(browse, sam, one):
    page = browse(sam).get(f"/accounts/{one.account_id}/").content.decode()

    assert f"enrollments/{one.pk}/leaving" not in page
    refused = browse(sam).post(f"/workflows/test/enrollments/{one.pk}/leaving/", {"reason": "No"})
    assert refused.status_code == 403
    one.refresh_from_db()
    assert one.state == "active"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"automation_paused_until": NOON + DAY, "automation_paused_why": "They wait for us in #7."},
            "They wait for us in #7.",
        ),
        ({"mail_paused_until": NOON + DAY}, "They asked for a pause themselves"),
        ({"do_not_contact": True}, "Marked “do not contact”"),
        ({"email_consent": "no"}, "They refused such mail"),
        ({"automation_paused_until": NOON, "automation_paused_why": "It is over."}, None),
        ({"mail_paused_until": NOON}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_customers_page_says_why_automation_rests(browse, mira, one, fields, words):
    person = one.account.contacts.get()
    for name, value in fields.items():
        setattr(person, name, value)
    person.save()

    page = browse(mira).get(f"/accounts/{one.account_id}/").content.decode()

    assert (RESTS in page) is (words is not None)
    if words:
        assert words in page
    assert (f"/contacts/{person.pk}/rest" in page or "Let it write again" in page) is ("They wait" in (words or ""))


def test_a_customer_marked_as_a_whole_says_so(browse, mira, one):
    one.account.do_not_contact = True
    one.account.save()

    assert (
        "The customer is marked “do not contact”" in browse(mira).get(f"/accounts/{one.account_id}/").content.decode()
    )


def test_a_rest_is_lifted_from_the_customers_page_and_stands_in_the_audit_log(browse, mira, one):
    person = one.account.contacts.get()
    pressure.let_rest(person, NOON + 3 * DAY, "Their fair", mira, NOON)
    here = f"/accounts/{one.account_id}/"
    page = browse(mira).get(here).content.decode()
    assert "Mira: Their fair" in page

    answer = browse(mira).post(
        reverse("sending:rest", args=[person.pk]), {"lift": "1", "reason": "They called", "next": here}
    )

    assert answer["location"] == here
    person.refresh_from_db()
    assert person.automation_paused_until is None
    kinds = Act.objects.filter(kind__startswith="automation.").order_by("id")
    assert [(act.kind, act.by, act.detail["reason"]) for act in kinds] == [
        ("automation.paused", mira, "Their fair"), ("automation.resumed", mira, "They called"),
    ]  # fmt: skip
    assert RESTS not in browse(mira).get(here).content.decode()
