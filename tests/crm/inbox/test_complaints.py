"""A reader calls mail of ours unwanted, from the provider's request to the last of what comes of it."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.home import meter
from crm.inbox import actions as inbox
from crm.inbox.models import InboundPayload
from crm.outbox.actions import work
from crm.outbox.models import OutboundMessage, Suppression
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, folder, plan, state_of  # noqa: F401  (fixtures)

DAY = timedelta(days=1)


@pytest.fixture
def anna(db: None) -> Contact:
    return factories.contact(factories.account("Kelp"), first_name="Anna", email="anna@kelp.example")


@pytest.fixture(autouse=True)
def postmark(settings: Any) -> None:
    settings.MAIL_HOOKS = "postmark?webhook_secret=name:password"


def tell(message: OutboundMessage, secret: str = "name:password", **more: Any) -> int:
    """What Postmark posts of a complaint."""
    body = {
        "RecordType": "SpamComplaint", "ID": 42, "Type": "SpamComplaint", "TypeCode": 512, "Name": "Spam complaint",
        "MessageID": "2706ee8a-737c-4285-b032-ccd317af53ed", "Email": "anna@kelp.example",
        "BouncedAt": "2026-06-01T11:59:00Z", "Metadata": {"message": message.message_id}, "Tag": "",
    } | more  # fmt: skip
    client = Client(headers={"Authorization": f"Basic {b64encode(secret.encode()).decode()}"})
    return client.post("/hooks/mail/postmark/", json.dumps(body), content_type="application/json").status_code


@pytest.fixture
def sent(folder: Path, plan: Plan, anna: Contact) -> OutboundMessage:  # noqa: F811
    message = plan(anna)
    work(NOON)
    message.refresh_from_db()
    assert message.state == "sent"
    return message


def test_a_complaint_marks_suppresses_and_rests(sent: OutboundMessage, plan: Plan, anna: Contact, ada: User) -> None:  # noqa: F811
    before = meter.of(ada, NOON)
    assert tell(sent) == 200
    assert tell(sent) == 200  # the provider heard no answer
    while inbox.work(NOON):
        pass

    anna.refresh_from_db()
    assert Suppression.objects.get().address == "anna@kelp.example"
    assert anna.automation_paused_until == NOON + 90 * DAY
    assert [one.verdict for one in sent.decisions.all()].count("complained") == 1
    assert TimelineEntry.objects.filter(kind="email.complained", contact=anna).count() == 1
    assert meter.of(ada, NOON) == before  # a word of theirs is no touch of ours, and the mail stays one

    other, receipt = plan(anna), plan(anna, category="transactional")
    work(NOON + DAY)
    assert [state_of(one) for one in (other, receipt)] == ["skipped", "skipped"]


def test_who_proves_nothing_and_whose_address_it_is_not_suppresses_nobody(sent: OutboundMessage) -> None:
    assert tell(sent, secret="name:wrong") == 403
    assert not InboundPayload.objects.exists()
    assert tell(sent, Email="bo@kelp.example") == 200
    while inbox.work(NOON):
        pass
    assert not Suppression.objects.exists()
    assert InboundPayload.objects.get(kind="complaint").state == "ignored"


@pytest.mark.parametrize(
    ("kind", "status", "suppressed"),
    [("HardBounce", "550 5.1.1", True), ("SoftBounce", "552 5.2.2", False), ("HardBounce", "550 5.7.1", False),
     ("BadEmailAddress", "", True)],
)  # fmt: skip
def test_mail_that_came_back_is_noted_once_and_a_mailbox_that_is_gone_gets_no_more(
    sent: OutboundMessage, kind: str, status: str, suppressed: bool
) -> None:
    said = {"RecordType": "Bounce", "Type": kind, "Description": "There is no such mailbox.", "Details": status}
    for _ in range(2):
        assert tell(sent, **said) == 200
        while inbox.work(NOON):
            pass
    assert [one.verdict for one in sent.decisions.all()].count("bounced") == 1
    assert TimelineEntry.objects.get(kind="email.bounced").text.endswith(
        f"came back: There is no such mailbox. {status}".rstrip()
    )
    assert Suppression.objects.filter(address="anna@kelp.example").exists() == suppressed
    assert tell(sent, **said, Email="bo@kelp.example") == 200
    while inbox.work(NOON):
        pass
    assert not Suppression.objects.filter(address="bo@kelp.example").exists()


def test_what_else_a_provider_tells_of_our_mail_is_let_go(sent: OutboundMessage) -> None:
    assert tell(sent, RecordType="Delivery", Type="Delivery", Recipient="anna@kelp.example") == 200
    while inbox.work(NOON):
        pass
    assert InboundPayload.objects.get().state == "ignored"
    assert not Suppression.objects.exists()
