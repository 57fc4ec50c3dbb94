"""The pages on which people say yes, the settings of all mail, and what stands on a person's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.history.models import Act
from crm.outbox import policy, pressure
from crm.outbox.models import MailPolicy, OutboundMessage, Switch, Topic
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of

DAY = timedelta(days=1)


@pytest.fixture
def asked(plan: Plan, anna: Contact, mira: User) -> OutboundMessage:
    Account.objects.filter(pk=anna.account_id).update(owner=mira)
    return plan(anna, needs_approval_by=mira.pk, expires_at=NOON + 2 * DAY)


def test_the_list_shows_ones_own_and_bulk_says_yes_to_what_is_ticked(
    client: Client, asked: OutboundMessage, plan: Plan, anna: Contact, mira: User, sam: User,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    other = plan(anna, needs_approval_by=mira.pk, subject="The other one")
    foreign = plan(anna, needs_approval_by=sam.pk, subject="For Sam")
    client.force_login(mira)
    client.get("/mail/approvals/")
    with django_assert_max_num_queries(12):
        page = client.get("/mail/approvals/").content.decode()
    assert "Hello Anna" in page
    assert "The other one" in page
    assert "For Sam" not in page

    page = client.post("/mail/approvals/approval/", {"message": [asked.pk, foreign.pk]}, follow=True).content.decode()
    assert "You said yes to one mail" in page
    assert [state_of(one) for one in (asked, other, foreign)] == ["due", "asked", "asked"]
    client.post(f"/mail/approvals/reconsideration/?messages={asked.pk}")
    assert state_of(asked) == "asked"

    client.post("/mail/approvals/approval/?all=1", {"shown": [asked.pk, other.pk]})
    assert [state_of(one) for one in (asked, other)] == ["due", "due"]


@pytest.mark.parametrize("path", ["approval/", "reconsideration/?messages=x"])
def test_what_is_no_number_is_refused(client: Client, ada: User, path: str) -> None:
    client.force_login(ada)
    assert client.post(f"/mail/approvals/{path}", {"message": "²"}).status_code == 400


def test_one_is_read_reworded_and_approved_in_one_go(client: Client, asked: OutboundMessage, mira: User) -> None:
    client.force_login(mira)
    path = f"/mail/approvals/{asked.pk}/"
    assert "Good day." in client.get(path).content.decode()
    assert client.post(path, {"subject": "", "body": "Dear Anna"}).status_code == 422

    client.post(path, {"subject": "A word", "body": "Dear Anna"})
    asked.refresh_from_db()
    assert (asked.state, asked.preview()) == ("asked", ("A word", "Dear Anna\n"))
    client.post(path, {"subject": "A word", "body": "Dear Anna, again", "approve": "1"})
    asked.refresh_from_db()
    assert (asked.state, asked.preview()[1]) == ("due", "Dear Anna, again\n")
    assert client.get(path).status_code == 404


def test_a_no_needs_a_reason(client: Client, asked: OutboundMessage, mira: User) -> None:
    client.force_login(mira)
    client.post(f"/mail/approvals/{asked.pk}/refusal/", {"reason": " "})
    assert state_of(asked) == "asked"
    client.post(f"/mail/approvals/{asked.pk}/refusal/", {"reason": "They have renewed."})
    assert state_of(asked) == "cancelled"


def test_today_and_the_mail_page_say_that_something_waits(client: Client, asked: OutboundMessage, mira: User) -> None:
    client.force_login(mira)
    assert "A mail to them waits for your yes" in client.get("/").content.decode()
    assert 'To approve<span class="n">1</span>' in client.get("/mail/").content.decode()
    assert "Read and decide" in client.get(f"/mail/{asked.pk}/").content.decode()


def test_one_page_stops_and_lets_go_on_with_who_and_why(client: Client, ada: User, mira: User) -> None:
    client.force_login(ada)
    path = "/settings/sending/"
    client.post(f"{path}stop/", {"scope": "automatic", "reason": ""})
    assert not Switch.objects.exists()
    page = client.post(f"{path}stop/", {"scope": "automatic", "reason": "Wrong prices"}, follow=True).content.decode()
    assert "by Ada" in page
    assert "Wrong prices" in page
    client.force_login(mira)
    page = client.get("/").content.decode()
    assert "Stopped by Ada: everything automatic." in page
    assert client.post(f"{path}stop/", {"lift": "automatic"}).status_code == 403

    client.force_login(ada)
    client.post(f"{path}stop/", {"lift": "automatic"})
    assert not Switch.objects.exists()
    assert "Stopped by Ada" not in client.get("/").content.decode()
    assert list(Act.objects.order_by("id").values_list("kind", "by")) == [
        (policy.STOPPED, ada.pk), (policy.LIFTED, ada.pk),
    ]  # fmt: skip


def test_the_rules_of_mail_have_bounds(client: Client, ada: User) -> None:
    client.force_login(ada)
    good = {
        "cap_count": 2, "cap_days": 7, "quiet_from": "19:00", "quiet_to": "08:00", "rest_after_reply": 3,
        "rest_after_ticket": 0, "rest_after_rating": 14, "rest_after_complaint": 365, "automated_most": 70,
    }  # fmt: skip
    assert client.get("/settings/sending/").status_code == 200
    assert client.post("/settings/sending/", good | {"rest_after_complaint": 366}).status_code == 422
    assert not MailPolicy.objects.filter(cap_count=2).exists()
    revision = MailPolicy.the_only().revision
    assert client.post("/settings/sending/", good).status_code == 302
    row = MailPolicy.the_only()
    assert (row.cap_count, row.rest_after_reply, row.automated_most) == (2, 3, 70)
    assert row.revision > revision  # what was cleared by the old rules is cleared again


def test_topics_are_made_changed_and_retired(client: Client, ada: User) -> None:
    client.force_login(ada)
    Topic.objects.all().delete()
    new = {"name": "Beta tests", "sentence": "Try what is coming.", "categories": ["service"], "order": 5}
    for _ in range(2):
        assert client.post("/settings/sending/topics/new/", new).status_code in (302, 422)
    topic = Topic.objects.get()
    client.post(f"/settings/sending/topics/{topic.pk}/", new | {"name": "Early tests"})
    topic.refresh_from_db()
    assert (topic.slug, topic.name) == ("beta-tests", "Early tests")
    assert client.post("/settings/sending/topics/new/", new | {"name": "Beta  tests!"}).status_code == 302
    assert Topic.objects.latest("id").slug == "beta-tests-2"
    client.post(f"/settings/sending/topics/{topic.pk}/retirement/")
    assert list(Topic.objects.offered()) == [Topic.objects.latest("id")]
    assert "Not offered any more" in client.get("/settings/sending/topics/").content.decode()


def test_a_persons_page_says_why_automation_rests_and_lifts_it(client: Client, anna: Contact, mira: User) -> None:
    Account.objects.filter(pk=anna.account_id).update(owner=mira)
    pressure.rest(pressure.REPLY, [anna.pk], "Anna wrote to us.", NOON)
    client.force_login(mira)
    page = client.get(anna.get_absolute_url()).content.decode()
    assert "Automation rests" in page
    assert "Anna wrote to us." in page

    client.post(f"/settings/sending/rest/{anna.pk}/", {"lift": "1", "reason": ""})
    assert Contact.objects.get(pk=anna.pk).automation_paused_until
    client.post(f"/settings/sending/rest/{anna.pk}/", {"lift": "1", "reason": "We have talked"})
    assert Contact.objects.get(pk=anna.pk).automation_paused_until is None
    client.post(f"/settings/sending/rest/{anna.pk}/", {"until": "2026-06-30", "reason": "On leave"})
    assert Contact.objects.get(pk=anna.pk).automation_paused_why == "Mira: On leave"
    preview = client.get(f"/settings/sending/wishes/{anna.pk}/").content.decode()
    assert "disabled" in preview
    assert 'name="save"' not in preview


def test_one_key_says_yes_to_one_and_leaves_what_is_ticked(
    client: Client, asked: OutboundMessage, plan: Plan, anna: Contact, mira: User
) -> None:
    other = plan(anna, needs_approval_by=mira.pk, subject="The other one")
    client.force_login(mira)
    page = client.get("/mail/approvals/").content.decode()
    assert f'name="one" value="{asked.pk}" data-key="a"' in page
    assert f'href="/mail/approvals/{asked.pk}/#no" data-key="x"' in page

    client.post("/mail/approvals/approval/", {"one": asked.pk, "message": [other.pk]})

    assert [state_of(one) for one in (asked, other)] == ["due", "asked"]
