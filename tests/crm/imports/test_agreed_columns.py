"""What people agreed on, from files: goal and fit of a customer, roles of a person, and whom to leave alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm.accounts.models import Account, Contact
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)


def test_goal_and_fit_of_a_customer(load: Any) -> None:
    load(
        "accounts",
        "external_id,name,goal,goal_due_on,fit\na1,Acme,Two days instead of five,2026-12-31,good\na2,Bolt,,,\n",
    )
    found = list(Account.objects.order_by("external_id").values_list("goal", "goal_due_on", "suitability"))
    assert found == [("Two days instead of five", date(2026, 12, 31), "good"), ("", None, "")]
    load("accounts", "external_id,name,goal,goal_due_on,fit\na1,Acme,,,\n")
    assert Account.objects.get(external_id="a1").goal == "Two days instead of five", "blank cells keep what is there"


def test_a_fit_that_nobody_judges_by_is_refused(load: Any, rejects: Any) -> None:
    assert load("accounts", "external_id,name,fit\na1,Acme,splendid\n").rejected == 1
    assert rejects("accounts")[0][1:3] == ["fit", "splendid"]
    assert not Account.objects.exists()


def test_roles_are_added_to_those_that_are_there(load: Any) -> None:
    anna = factories.contact(factories.account("Acme", external_id="acme"), external_id="c1", roles=["uses"])
    text = 'external_id,roles\nc1,"Decides, pays"\n'
    assert load("contacts", f"account_external_id,{text}".replace("\nc1", "\nacme,c1")).updated == 1
    anna.refresh_from_db()
    assert anna.roles == ["uses", "decides", "pays"]
    assert load("contacts", f"account_external_id,{text}".replace("\nc1", "\nacme,c1")).skipped == 1


def test_a_role_that_nobody_plays_is_refused(load: Any, rejects: Any) -> None:
    factories.account("Acme", external_id="acme")
    report = load("contacts", "external_id,account_external_id,roles\nc1,acme,boss\nc2,acme,champion\nc3,acme,\n")
    assert (report.created, report.rejected) == (2, 1)
    assert rejects("contacts")[0][1] == "roles"
    assert list(Contact.objects.order_by("external_id").values_list("roles", flat=True)) == [["champion"], []]


@pytest.mark.parametrize(("before", "cell", "after"), [
    (False, "yes", True), (False, "no", False), (True, "no", True), (True, "", True), (False, "", False),
])  # fmt: skip
def test_a_file_stops_mail_and_lifts_nothing(load: Any, before: bool, cell: str, after: bool) -> None:
    acme = factories.account("Acme", external_id="acme", do_not_contact=before)
    anna = factories.contact(acme, external_id="c1", do_not_contact=before)
    load("accounts", f"external_id,name,do_not_contact\nacme,Acme,{cell}\n")
    load("contacts", f"external_id,account_external_id,do_not_contact\nc1,acme,{cell}\n")
    acme.refresh_from_db()
    anna.refresh_from_db()
    assert (acme.do_not_contact, anna.do_not_contact) == (after, after)


def test_whoever_reads_mail_of_a_stopped_customer_is_looked_at_again(load: Any) -> None:
    acme, other = factories.account("Acme", external_id="acme"), factories.account("Bolt", external_id="bolt")
    anna, bert = factories.contact(acme, updated_at=NOON), factories.contact(other, updated_at=NOON)
    load("accounts", "external_id,name,do_not_contact\nacme,Acme,yes\nbolt,Bolt,no\n", now=LATER)
    anna.refresh_from_db()
    bert.refresh_from_db()
    assert (anna.updated_at, bert.updated_at) == (LATER, NOON)
