"""What a report of billing is booked with, and what counts as begun: by the days of the installation's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from crm.accounts.models import Account
from crm.billing.actions.taking import take
from crm.billing.told import HOOK, Told, Whose
from crm.ledger.actions.rates import NewRate
from crm.ledger.actions.rates import add as add_rates
from crm.ledger.models import ContractTerm, CustomerSpan
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def report(key: str, at: datetime, on: str, now: datetime = NOON, **said: Any) -> None:
    told = {"on": on, "status": "paid", "plan": "Team", "currency": "EUR", "auto_renew": True} | said
    take(Told(HOOK, "contract", "sub_1", key, at, told, Whose("account:acme-1", "", "", "acme-1")), now)


def test_a_contract_that_turns_out_to_be_in_another_currency_is_booked_anew(acme: Account, ada: Any) -> None:
    days = ((date(2026, 1, 1), "0.5"), (date(2026, 6, 1), "0.9"))
    add_rates([NewRate("USD", day, Decimal(rate)) for day, rate in days], ada, NOON)
    report("a", datetime(2026, 5, 1, tzinfo=UTC), "2026-05-01", starts_on="2026-05-01", ends_on="2026-06-01", mrr="100")
    report("b", datetime(2026, 5, 2, tzinfo=UTC), "2026-05-02", starts_on="2026-06-01", ends_on="2026-07-01", mrr="100")
    assert set(ContractTerm.objects.values_list("rate", flat=True)) == {1}
    report("c", datetime(2026, 5, 3, tzinfo=UTC), "2026-05-03", currency="USD")
    terms = ContractTerm.objects.order_by("starts_on").values_list("rate", flat=True)
    assert list(terms) == [Decimal("0.5"), Decimal("0.9")]
    assert list(CustomerSpan.objects.order_by("starts_on").values_list("mrr", flat=True)) == [50, 90]


def test_a_rate_that_was_booked_stays_with_its_currency(acme: Account, ada: Any) -> None:
    add_rates([NewRate("USD", date(2026, 5, 1), Decimal("0.5"))], ada, NOON)
    at = datetime(2026, 5, 1, tzinfo=UTC)
    report("a", at, "2026-05-01", starts_on="2026-05-01", ends_on="2027-05-01", mrr="100", currency="USD")
    ContractTerm.objects.update(rate=Decimal("0.7"))
    report("b", at.replace(day=2), "2026-05-02", mrr="120", currency="USD")
    assert Decimal("0.7") in ContractTerm.objects.values_list("rate", flat=True)


def test_a_price_that_begins_on_a_day_that_has_begun_here_is_told(acme: Account) -> None:
    """22:30 UTC of 1 June is 00:30 of 2 June in Berlin."""
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    with override_settings(TIME_ZONE="Europe/Berlin"):
        report("a", NOON, "2026-06-01", starts_on="2026-05-01", mrr="100")
        report("b", late, "2026-06-02", late, mrr="120")
    told = TimelineEntry.objects.get(kind="contract.changed")
    assert (told.payload["mrr_before"], told.payload["mrr"]) == ("100.00", "120.00")
