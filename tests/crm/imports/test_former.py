"""What a file calls by the name it had before a merge is the record that stayed."""

from __future__ import annotations

import pytest

from crm.accounts.models import Account, Contact
from crm.duplicates import merging
from retention.usage.models import UsageDay
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def kelp(mira):
    kelp, twin = factories.account("Kelp", external_id="k-1"), factories.account("Kelp Ltd", external_id="k-2")
    merging.merge("account", kelp.pk, twin.pk, {}, mira, NOON)
    return kelp


def test_a_file_of_customers_finds_it_and_leaves_its_id(load, kelp):
    report = load("accounts", "external_id,name,industry\nk-2,,Food\n")
    assert (report.created, report.updated, report.rejected) == (0, 1, 0)
    kept = Account.objects.get()
    assert (kept.external_id, kept.name, kept.industry) == ("k-1", "Kelp", "Food")


def test_a_file_of_people_finds_their_customer_and_their_old_address(load, kelp, mira):
    anna = factories.contact(kelp, email="anna@kelp.example")
    double = factories.contact(kelp, email="a@kelp.example")
    merging.merge("contact", anna.pk, double.pk, {}, mira, NOON)
    report = load("contacts", "email,account_external_id,title\na@kelp.example,k-2,CFO\n")
    assert (report.created, report.updated, report.rejected) == (0, 1, 0)
    kept = Contact.objects.get()
    assert (kept.email, kept.title, kept.account) == ("anna@kelp.example", "CFO", kelp)


def test_usage_counts_for_it(load, kelp):
    report = load("usage", "account_external_id,feature,occurred_at\nk-2,exports,2026-05-01T10:00Z\n")
    assert (report.created, report.rejected) == (1, 0)
    assert UsageDay.objects.get().account == kelp
