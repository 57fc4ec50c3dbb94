"""What was sold is expected until billing reports it or a person confirms it, and counts for nothing until then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from crm.history.actions import undo
from crm.history.models import Act
from crm.imports.actions import Plan, import_file
from crm.ledger import rules
from crm.ledger.actions import deals, project
from crm.ledger.models import Contract
from crm.slots import date_fields
from crm.team.models import ApiToken
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
FIRST = date(2026, 5, 1)


def sold(account, plan="Pro", mrr=100, **other):
    return deals.book(account.pk, deals.Booking(plan, Decimal(mrr), "EUR", FIRST, 12, **other), NOON)


def figures(account):
    project([account.pk], NOON)
    account.refresh_from_db()
    return account.lifecycle, account.mrr, account.customer_since


def test_what_is_expected_makes_nobody_a_customer_nor_keeps_a_first_contract_from_being_the_first():
    account = factories.account()
    sold(account)
    factories.contract(account, date(2026, 5, 20), plan="Basic")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT day FROM ({date_fields['contract.starts_on'].sql}) AS d")
        assert cursor.fetchall() == [(date(2026, 5, 20),)]


def test_it_counts_once_it_is_confirmed(mira):
    account = factories.account()
    contract = sold(account)
    assert figures(account) == ("lead", 0, None)
    done = deals.confirm(contract, mira, NOON)
    account.refresh_from_db()
    assert (account.lifecycle, account.mrr, account.customer_since) == ("customer", 100, FIRST)
    assert deals.confirm(contract, mira, NOON) is None
    undo(done, mira, NOON)
    account.refresh_from_db()
    assert (account.lifecycle, account.mrr) == ("lead", 0)


def test_who_may_edit_contracts_confirms_it_on_the_customers_page(client, mira, sam):
    contract = sold(factories.account())
    url = f"/contracts/{contract.pk}/confirmation/"
    for who, shown, status in ((sam, False, 403), (mira, True, 302)):
        client.force_login(who)
        page = client.get(contract.account.get_absolute_url()).content.decode()
        assert ("Sold; it counts once billing reports it." in page, url in page) == (True, shown)
        assert client.post(url).status_code == status
    contract.refresh_from_db()
    assert contract.status == "paid"


def test_it_is_taken_back_only_while_nobody_has_touched_it(mira):
    account = factories.account()
    contract = sold(account)
    assert deals.take_back(contract.pk)["taken"]
    assert not Contract.objects.exists()
    touched = sold(account)
    Contract.objects.filter(pk=touched.pk).update(updated_at=NOON.replace(year=2027))
    assert deals.take_back(touched.pk)["because"] == "somebody has changed it since"
    assert Contract.objects.count() == 1


@pytest.mark.parametrize(
    ("running", "plan", "mrr", "kind"),
    [
        ([], "Pro", 100, "new"),
        ([("Pro", 100)], "PRO", 100, "renewal"),
        ([("Pro", 100)], "pro", 101, "expansion"),
        ([("Pro", 100)], "Pro", 99, "contraction"),
        ([("Pro", 60), ("pro", 50)], "Pro", 105, "contraction"),
        ([("Pro", 100)], "Seats", 1, "expansion"),
    ],
)
def test_what_a_sale_is_beside_what_runs(running, plan, mrr, kind):
    rows = [rules.Running(name, Decimal(amount)) for name, amount in running]
    assert rules.kind_of(rows, plan, Decimal(mrr)) == kind


# Billing reports ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bill(tmp_path: Path) -> Callable[..., Any]:
    """A file of contracts: rows of external_id,account_external_id,plan,starts_on,ends_on,mrr,status."""

    def load(*rows: str) -> Any:
        path = tmp_path / "contracts.csv"
        header = "external_id,account_external_id,plan,starts_on,ends_on,mrr,status"
        path.write_text("\n".join([header, *rows]))
        report = import_file("contracts", path, plan=Plan(), now=NOON)
        return report.created, report.updated, report.skipped, report.rejected

    return load


def test_what_billing_reports_takes_over_the_oldest_expected_one(bill):
    account = factories.account(external_id="a")
    first, second = sold(account, auto_renew=True), sold(account)
    other = sold(account, "Seats")
    assert bill("c1,a,PRO,2026-05-10,,120,") == (0, 1, 0, 0)
    first.refresh_from_db()
    assert (first.external_id, first.status, first.plan, first.auto_renew) == ("c1", "paid", "PRO", True)
    term = first.terms.get()
    assert (term.starts_on, term.ends_on, term.mrr) == (date(2026, 5, 10), None, 120)  # blank: billing says it is open
    assert bill("c1,a,PRO,2026-05-10,,120,") == (0, 0, 1, 0)  # the same file once more
    assert bill("c2,a,Pro,2026-05-01,2026-06-01,90,", "c2,a,Pro,2026-06-01,2027-06-01,95,paid") == (1, 1, 0, 0)
    second.refresh_from_db()
    assert (second.external_id, second.terms.count()) == ("c2", 2)
    assert bill("c3,a,Pro,2026-05-01,,10,") == (1, 0, 0, 0)  # none is left
    other.refresh_from_db()
    assert (other.status, Contract.objects.count()) == ("expected", 4)
    account.refresh_from_db()
    assert account.mrr == 120 + 95 + 10


def test_another_customer_another_plan_or_a_trial_takes_over_none(bill):
    account = factories.account(external_id="a")
    factories.account(external_id="b")
    contract = sold(account)
    assert bill("c1,b,Pro,2026-05-01,,1,", "c2,a,Basic,2026-05-01,,1,", "c3,a,Pro,2026-05-01,,0,trial",
                "c4,a,Pro,2025-05-01,,1,cancelled") == (4, 0, 0, 0)  # fmt: skip
    contract.refresh_from_db()
    assert (contract.status, contract.external_id) == ("expected", None)
    assert bill("c5,a,Pro,2026-05-01,,1,expected") == (0, 0, 0, 1)


def test_an_import_that_is_undone_gives_the_expectation_back(bill, ada):
    account = factories.account(external_id="a")
    contract = sold(account)
    before = Contract.objects.values().get(), contract.terms.values().get()
    bill("c1,a,Pro,2026-05-10,2026-08-01,120,")
    undo(Act.objects.get(kind="import.loaded"), ada, NOON)
    after = Contract.objects.values().get(), contract.terms.values().get()
    assert {**after[0], "updated_at": 0} == {**before[0], "updated_at": 0}
    assert {**after[1], "known_at": 0} == {**before[1], "known_at": 0}
    assert figures(account) == ("lead", 0, None)


# It is told once, by whatever road -----------------------------------------------------------------------------------


def told(account) -> tuple[list[str], list[str]]:
    """Confirmations in the audit log and on the timeline."""
    entries = TimelineEntry.objects.filter(account=account, kind="contract.confirmed").values_list("text", flat=True)
    return [act.label for act in Act.objects.filter(label__contains="confirm", undoes=None)], list(entries)


def test_a_file_that_confirms_says_so_and_takes_it_back_with_it(bill, ada):
    account = factories.account(external_id="a")
    sold(account), sold(account)
    assert bill("c1,a,Pro,2026-05-10,,120,", "c9,a,Pro,2026-01-01,,0,trial") == (1, 1, 0, 0)
    assert told(account) == (["imported “contracts.csv”, confirming 1 sold contract"], ["Contract Pro confirmed"])
    entry = TimelineEntry.objects.get(kind="contract.confirmed")
    assert entry.source == "import"
    assert not Pending.objects.filter(entry=entry).exists()
    bill("c1,a,Pro,2026-05-10,,130,")
    assert told(account)[1] == ["Contract Pro confirmed"]
    undo(Act.objects.filter(kind="import.loaded").earliest("pk"), ada, NOON)
    assert told(account)[1] == []


@pytest.mark.parametrize("taken_over", [True, False])
def test_a_program_that_confirms_says_so_and_takes_it_back_with_it(client, ada, taken_over):
    account = factories.account(external_id="a")
    contract = sold(account)
    _, token = ApiToken.issue(ada, "write")
    headers = {"Authorization": f"Bearer {token}"}
    if taken_over:
        said = {"account": account.pk, "external_id": "c1", "plan": "Pro", "currency": "EUR",
                "terms": [{"starts_on": "2026-05-10", "mrr": "120"}]}  # fmt: skip
        answer = client.post("/api/v1/contracts/", said, content_type="application/json", headers=headers)
    else:
        path = f"/api/v1/contracts/{contract.pk}/"
        answer = client.patch(path, {"status": "paid"}, content_type="application/json", headers=headers)
    assert answer.status_code in (200, 201), answer.content
    contract.refresh_from_db()
    assert contract.status == "paid"
    assert told(account) == (["confirmed the contract Pro"], ["Contract Pro confirmed"])
    assert Pending.objects.filter(entry__kind="contract.confirmed").exists()
    undo(Act.objects.get(kind="contract.confirmed"), ada, NOON)
    contract.refresh_from_db()
    assert contract.status == "expected"
    assert told(account)[1] == []
    assert not TimelineEntry.objects.filter(kind="contract.started").exists()


def test_confirmed_undone_and_confirmed_again_it_stands_once(mira):
    account = factories.account()
    contract = sold(account)
    undo(deals.confirm(contract, mira, NOON), mira, NOON)
    deals.confirm(contract, mira, NOON)
    assert told(account)[1] == ["Contract Pro confirmed"]
