"""Stripe is connected, and Acme is a customer of ours whom it knows by an e-mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm.accounts.models import Account
from tests import factories
from tests.crm.billing.objects import SECRET
from tests.crm.billing.server import KEY, Stripe, serving


@pytest.fixture
def stripe(settings: Any, db: None) -> None:
    settings.STRIPE_SIGNING_SECRETS = [SECRET]


@pytest.fixture
def acme(db: None) -> Account:
    account = factories.account("Acme", external_id="acme-1")
    factories.contact(account, email="kim@acme.example")
    return account


@pytest.fixture
def known(acme: Account) -> Account:
    """Linked already."""
    from crm.billing.models import BillingCustomer

    BillingCustomer.objects.create(source="stripe", external_id="cus_1", account=acme, matched_by="person")
    return acme


@pytest.fixture
def server(settings: Any, stripe: None) -> Iterator[Stripe]:
    with serving() as stands:
        settings.OUTGOING_ALLOW, settings.STRIPE_API_URL = ["127.0.0.0/8"], stands.url
        settings.STRIPE_API_KEY = KEY
        yield stands
