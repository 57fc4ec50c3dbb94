"""Contracts and terms in the API: the account follows at once, and terms never overlap."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm.accounts.models import Account
from crm.ledger.models import Contract, ContractTerm
from tests import factories
from tests.conftest import NOON

CONTRACTS = "/api/v1/contracts/"
TERM = {"starts_on": "2026-01-01", "ends_on": "2027-01-01", "mrr": "100"}


def new(account: Any, **more: Any) -> dict[str, Any]:
    return {"account": account.pk, "plan": "Pro", "currency": "EUR"} | more


def test_a_contract_makes_a_customer(api: Any) -> None:
    account = factories.account()
    made = api.post(CONTRACTS, new(account, external_id="C1", terms=[TERM]))
    assert made.status_code == 201, made.content
    (term,) = made.json()["terms"]
    assert (term["mrr"], term["rate"], term["known_at"]) == ("100.00", "1.00000000", "2026-06-01T12:00:00Z")
    account.refresh_from_db()
    assert (account.lifecycle, account.mrr, account.renews_on) == ("customer", Decimal(100), date(2027, 1, 1))
    url = made["Location"]
    assert (api.get(url).json(), api.get(url)["ETag"]) == (made.json(), made["ETag"])
    assert api.patch(url, {"status": "cancelled"}).json()["status"] == "cancelled"
    account.refresh_from_db()
    assert (account.lifecycle, account.mrr, account.renews_on) == ("churned", 0, None)


def test_terms_are_booked_and_replaced(api: Any) -> None:
    account = factories.account()
    contract = factories.contract(account, date(2026, 1, 1), date(2026, 7, 1))
    url = f"{CONTRACTS}{contract.pk}/"
    booked = api.post(f"{url}terms/", {"starts_on": "2026-07-01", "ends_on": None, "mrr": 150})
    assert (booked.status_code, [term["mrr"] for term in booked.json()["terms"]]) == (201, ["100.00", "150.00"])
    second = booked.json()["terms"][1]["id"]
    put = api.put(
        f"{url}terms/{second}/", {"starts_on": "2026-07-01", "mrr": 160}, headers={"If-Match": booked["ETag"]}
    )
    assert (put.status_code, put.json()["terms"][1]["mrr"]) == (200, "160.00")
    stale = api.put(
        f"{url}terms/{second}/", {"starts_on": "2026-07-01", "mrr": 1}, headers={"If-Match": booked["ETag"]}
    )
    assert stale.status_code == 412
    assert ContractTerm.objects.get(pk=second).mrr == 160
    assert Contract.objects.get().updated_at == NOON
    account.refresh_from_db()
    assert account.mrr == 100
    assert api.put(f"{url}terms/999/", TERM).status_code == 404


def test_overlapping_terms_are_refused_and_nothing_is_kept(api: Any) -> None:
    account = factories.account()
    overlap = TERM | {"starts_on": "2026-12-31", "ends_on": "2028-01-01"}
    answer = api.post(CONTRACTS, new(account, terms=[TERM, overlap]))
    assert (answer.status_code, answer.json()["errors"]) == (
        409, {"starts_on": ["The contract has another term at that time."]},
    )  # fmt: skip
    assert not Contract.objects.exists()
    account.refresh_from_db()
    assert account.lifecycle == "lead"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"currency": "eur"}, "currency"),
        ({"status": "gone"}, "status"),
        ({"terms": [TERM | {"ends_on": "2026-01-01"}]}, "terms"),
        ({"terms": [TERM | {"mrr": -1}]}, "terms"),
        ({"terms": [TERM | {"mrr": "1e30"}]}, "terms"),
        ({"terms": [TERM | {"price": 1}]}, "terms"),
        ({"terms": [TERM] * 101}, "terms"),
        ({"terms": {}}, "terms"),
        ({"currency": "USD", "terms": [TERM]}, "rate"),
        ({"terms": [TERM | {"rate": "1.1"}]}, "rate"),
        ({"terms": [TERM | {"rate": 0}]}, "terms"),
    ],
)
def test_refusals(api: Any, change: dict[str, Any], place: str) -> None:
    answer = api.post(CONTRACTS, new(factories.account(), **change))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [place])
    assert not Contract.objects.exists()


def test_another_currency_needs_its_rate(api: Any) -> None:
    account = factories.account()
    made = api.post(CONTRACTS, new(account, currency="USD", terms=[TERM | {"rate": "0.9"}]))
    assert made.status_code == 201
    account.refresh_from_db()
    assert account.mrr == 90
    assert api.post(f"{made['Location']}terms/", TERM | {"starts_on": "2027-01-01", "ends_on": None}).status_code == 400
    assert api.patch(made["Location"], {"currency": "EUR"}).status_code == 400


def test_what_was_read_can_be_put_back(api: Any) -> None:
    contract = factories.contract(factories.account(), date(2026, 1, 1))
    url = f"{CONTRACTS}{contract.pk}/"
    body = api.get(url).json()
    assert api.put(url, body | {"plan": "Max"}).json()["plan"] == "Max"
    assert api.put(url, body | {"terms": []}).status_code == 400
    assert api.patch(url, {"account": factories.account().pk}).status_code == 400
    assert ContractTerm.objects.count() == 1


def test_agents_read_contracts_and_change_none(calling: Any, sam: Any) -> None:
    api = calling(sam)
    account = factories.account()
    contract = factories.contract(account, date(2026, 1, 1))
    url = f"{CONTRACTS}{contract.pk}/"
    term = contract.terms.get()
    assert api.get(url).status_code == 200
    for answer in (
        api.post(CONTRACTS, new(account)), api.patch(url, {"plan": "Free"}), api.put(url, new(account, plan="Free")),
        api.post(f"{url}terms/", TERM), api.put(f"{url}terms/{term.pk}/", TERM),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["detail"]) == (
            403, "Your role does not let you edit contracts. An admin can change that.",
        )  # fmt: skip
    contract.refresh_from_db()
    assert (contract.plan, Contract.objects.count(), ContractTerm.objects.count()) == ("Pro", 1, 1)


def test_foreign_contracts_do_not_exist(calling: Any, olaf: Any, mira: Any) -> None:
    api = calling(olaf)
    contract = factories.contract(factories.account(owner=mira), date(2026, 1, 1))
    url = f"{CONTRACTS}{contract.pk}/"
    term = contract.terms.get()
    assert api.get(CONTRACTS).json()["results"] == []
    for answer in (
        api.get(url), api.patch(url, {"plan": "X"}), api.post(f"{url}terms/", TERM),
        api.put(f"{url}terms/{term.pk}/", TERM),
    ):  # fmt: skip
        assert answer.status_code == 404
    own = factories.contract(factories.account(owner=olaf), date(2026, 1, 1))
    assert api.put(f"{CONTRACTS}{own.pk}/terms/{term.pk}/", TERM).status_code == 404
    assert api.post(CONTRACTS, new(Account.objects.get(owner=mira))).status_code == 400
    assert ContractTerm.objects.get(pk=term.pk).ends_on is None


def test_queries_do_not_grow(api: Any, django_assert_num_queries: Any) -> None:
    api.get(CONTRACTS)
    for _ in range(3):
        factories.contract(factories.account(), date(2026, 1, 1))
    with django_assert_num_queries(3):
        assert len(api.get(CONTRACTS).json()["results"]) == 3
