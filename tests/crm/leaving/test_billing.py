"""The page says what is true in billing at each moment, and so does the mail."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from crm.billing.models import BillingWish
from crm.billing.stripe import wishing
from crm.leaving import tokens
from crm.ledger.models import CancelReason, Contract
from crm.outbox.models import OutboundMessage
from tests.conftest import NOON
from tests.crm.billing.conftest import acme, known, server, stripe  # noqa: F401  (fixtures)
from tests.crm.billing.objects import at, deliver, event, subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


@pytest.fixture
def url(server: Any, known: Any) -> str:  # noqa: F811
    server.subscriptions["sub_1"] = subscription()
    deliver(event("customer.subscription.created", subscription(), at("2026-05-10")))
    contract = Contract.objects.get()
    return f"/leave/{tokens.issue(contract.pk, None, date(2026, 7, 1))}/"


def leaves(url: str) -> None:
    reason = CancelReason.objects.first() or CancelReason.objects.create(name="Too expensive")
    said = {"reason": reason.pk, "note": "", "took": "end", "shown": "2026-06-10"}
    assert Client().post(url, said).status_code == 302


def test_it_is_asked_and_then_has_stopped(url: str, server: Any) -> None:  # noqa: F811
    leaves(url)
    page = Client().get(url).content.decode()
    assert "We have asked our billing to stop; you get a mail when it has stopped." in page
    assert "You need do nothing more" not in page
    receipt = OutboundMessage.objects.get(origin="leaving")
    assert "We have asked our billing to stop; you get a mail" in receipt.facts["next"]

    wishing.work(NOON)
    assert "Our billing has stopped: nothing is charged from that day on." in Client().get(url).content.decode()
    assert OutboundMessage.objects.filter(origin="billing-wish").count() == 1


def test_a_person_does_it_where_stripe_refuses(url: str, server: Any) -> None:  # noqa: F811
    leaves(url)
    server.subscriptions.clear()
    wishing.work(NOON)
    page = Client().get(url).content.decode()
    assert "One of us tells our billing to stop." in page
    assert BillingWish.objects.get().state == "told"
    assert not OutboundMessage.objects.filter(origin="billing-wish").exists()
