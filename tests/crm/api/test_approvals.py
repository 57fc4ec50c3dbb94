"""Mail that waits for a yes, in the API: only whose yes it is says it, once, and it leaves as from the page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import Decision, OutboundMessage
from crm.web import clock
from tests import factories
from tests.conftest import NOON

ADDRESS = "/api/v1/approvals/"


@pytest.fixture
def ben(make_user):
    """Who sees every customer, and was not asked."""
    return make_user("Ben")


@pytest.fixture
def asked(mira):
    person = factories.contact(factories.account("Kelp & Co", owner=mira), first_name="Anna", email="anna@kelp.example")

    def plan(number=1, **more):
        given = {
            "key": f"test:{number}", "category": "service",
            "template_id": template("Hello {{ contact.first_name }}", "Good day."),
            "due_at": NOON, "expires_at": NOON + timedelta(days=3), "contact_id": person.pk,
            "account_id": person.account_id, "needs_approval_by": mira.pk,
        }  # fmt: skip
        return OutboundMessage.objects.get(pk=enqueue([Draft(**given | more)], now=NOON)[f"test:{number}"])

    return plan


def of(message, *verb):
    return "/".join([f"{ADDRESS}{message.pk}", *verb, ""])


def post(client, message, verb, **data):
    return client.post(of(message, verb), data, format="json")


def test_whoever_is_asked_reads_it_as_its_reader_would(api, calling, ada, ben, asked, mira):
    message = asked()
    (row,) = api.get(ADDRESS).json()["results"]
    assert (row["subject"], row["approver"], row["state"]) == ("Hello Anna", mira.email, "asked")
    assert calling(ben).get(ADDRESS).json()["results"] == []
    assert calling(ben).get(of(message)).status_code == 404
    assert len(calling(ada).get(ADDRESS).json()["results"]) == 1, "an admin may for anybody"


def test_a_yes_lets_it_leave_and_is_said_once(api, asked, mira):
    message = asked()
    answer = post(api, message, "approval")
    assert (answer.status_code, answer.json()["state"]) == (200, "due")
    assert post(api, message, "approval").status_code == 404, "it waits no more"
    assert Decision.objects.get(message=message, verdict="approved").by == mira


def test_a_repeated_request_gets_the_first_answer(api, asked):
    message = asked()
    answers = [api.post(of(message, "approval"), {}, format="json", HTTP_IDEMPOTENCY_KEY="k") for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert Decision.objects.filter(verdict="approved").count() == 1


def test_a_yes_that_comes_too_late_sends_nothing(api, asked):
    message, other = asked(1), asked(2)
    with clock.travelling(NOON + timedelta(days=3)):
        assert post(api, other, "approval").json()["state"] == "due", "in time, to the second"
    with clock.travelling(NOON + timedelta(days=3, seconds=1)):
        assert post(api, message, "approval").json()["state"] == "skipped"


def test_a_no_needs_a_reason_and_can_be_thought_better_of(api, asked):
    message = asked()
    assert post(api, message, "refusal").status_code == 400
    assert post(api, message, "refusal", reason="  ").status_code == 400
    answer = post(api, message, "refusal", reason="They called already").json()
    assert (answer["state"], answer["reason"]) == ("cancelled", "They called already")
    assert post(api, message, "reconsideration").json()["state"] == "asked"
    assert post(api, message, "reconsideration").status_code == 409, "nothing was said since"


def test_nobody_takes_back_what_another_said(api, calling, ada, asked):
    message = asked()
    post(api, message, "approval")
    assert post(calling(ada), message, "reconsideration").status_code == 409
    message.refresh_from_db()
    assert message.state == "due"


def test_other_words_are_for_this_reader_and_wait_as_before(api, asked):
    message, other = asked(1), asked(2)
    assert post(api, message, "rewording", subject="Hi", body=" ").status_code == 400
    answer = post(api, message, "rewording", subject="Hi Anna", body="By hand.").json()
    assert (answer["subject"], answer["state"]) == ("Hi Anna", "asked")
    assert api.get(of(other)).json()["subject"] == "Hello Anna"


def test_others_and_readers_change_nothing(calling, ben, mira, asked):
    message = asked()
    for verb in ("approval", "refusal", "rewording", "reconsideration"):
        data = {"reason": "x", "subject": "x", "body": "x"}
        assert calling(ben).post(of(message, verb), data, format="json").status_code in (404, 409)
        assert calling(mira, "read").post(of(message, verb), data, format="json").status_code == 403
    message.refresh_from_db()
    assert message.state == "asked"
    assert not Decision.objects.exists()


def test_the_first_to_leave_stands_first_and_pages_lose_none(api, asked):
    for number, hours in enumerate((5, 1, 1, 3), 1):
        asked(number, due_at=NOON + timedelta(hours=hours))
    seen, address = [], f"{ADDRESS}?limit=1"
    while address:
        page = api.get(address).json()
        seen += [row["due_at"][11:13] for row in page["results"]]
        address = page["next"]
    assert seen == ["13", "13", "15", "17"]
