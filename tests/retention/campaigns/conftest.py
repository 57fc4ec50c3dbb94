"""Customers to write to, a campaign, and the clock that lets it leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.team.models import User
from retention.campaigns import actions
from retention.campaigns.models import Campaign
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.rehearsal.conftest import live, walk  # noqa: F401  (fixtures)

TUESDAY = date(2026, 6, 2)


@pytest.fixture
def people(db: None) -> dict[str, Contact]:
    """By first name: of them Dora has refused, and Emil was never asked."""
    berlin, tokyo = factories.account("Kelp", timezone="Europe/Berlin"), factories.account("Koi", timezone="Asia/Tokyo")
    return {
        "Anna": factories.contact(berlin, first_name="Anna", email_consent="yes"),
        "Bo": factories.contact(berlin, first_name="Bo", email_consent="yes"),
        "Chie": factories.contact(tokyo, first_name="Chie", email_consent="yes"),
        "Dora": factories.contact(factories.account("Dune"), first_name="Dora", email_consent="no"),
        "Emil": factories.contact(factories.account("Elm"), first_name="Emil"),
    }


@pytest.fixture
def news(ada: User) -> Callable[..., Campaign]:
    """A campaign as a draft; what is named replaces the usual."""

    def make(**written: Any) -> Campaign:
        usual = {
            "name": "June news", "kind": "news", "day": TUESDAY, "subject": "News, {{ contact.first_name }}",
            "body": "All of it.",
        }  # fmt: skip
        return actions.make(usual | written, ada, NOON)

    return make
