"""The same facts by four roads: Stripe, the signed hook, the API and files. The ledger holds the same afterwards."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from standardwebhooks import Webhook

from crm.accounts.models import Account
from crm.billing.actions import linking
from crm.billing.models import BillingObject
from crm.history.models import Act
from crm.imports.actions import Plan, import_file
from crm.inbox import actions as inbox
from crm.inbox.models import InboundPayload
from crm.ledger.actions.deals import Booking, book
from crm.ledger.models import Contract, ContractTerm, Payment
from crm.team.models import ApiToken, User
from crm.timeline.models import Pending, TimelineEntry
from tests.conftest import NOON
from tests.crm.billing.ledger import held
from tests.crm.billing.objects import at, deliver, event, invoice, paid, subscription

pytestmark = pytest.mark.django_db
_WHEN = "2026-06-01T12:00:00+00:00"


def by_stripe(*_: Any) -> None:
    runs = subscription(start_date=at("2026-06-01", 0), current_period_start=at("2026-06-01", 0),
                        current_period_end=at("2026-07-01", 0))  # fmt: skip
    turned = {"finalized_at": at("2026-06-01"), "paid_at": at("2026-06-01")}
    first = paid(created=at("2026-06-01"), status_transitions=turned, attempt_count=0)
    deliver(
        event("customer.subscription.created", runs, at("2026-06-01")),
        event("invoice.paid", first, at("2026-06-01")),
        event("invoice.payment_failed", invoice(
            id="in_2", attempt_count=1, created=at("2026-06-01"), charge="ch_2", payment_intent="pi_2",
            status_transitions={"finalized_at": at("2026-06-01")}), at("2026-06-01")),
    )  # fmt: skip


FACTS: list[tuple[str, dict[str, Any]]] = [
    ("payment", {"id": "in_2", "contract": "sub_1", "due_at": _WHEN, "amount": "30.00", "currency": "EUR",
                 "status": "failed", "attempts": 1}),
    ("payment", {"id": "in_1", "contract": "sub_1", "due_at": _WHEN, "paid_at": _WHEN, "amount": "30.00",
                 "currency": "EUR", "status": "paid"}),
    ("contract", {"id": "sub_1", "plan": "Team", "status": "paid", "starts_on": "2026-06-01", "ends_on": "2026-07-01",
                  "mrr": "30.00", "currency": "EUR", "auto_renew": True}),
]  # fmt: skip


def hooked(client: Client, secret: str, kind: str, data: Any, key: str, **headers: str) -> Any:
    body = json.dumps({"type": kind, "timestamp": _WHEN, "data": data})
    signature = Webhook(secret).sign(key, NOON, body)
    given = {"webhook-id": key, "webhook-timestamp": str(int(NOON.timestamp())), "webhook-signature": signature}
    return client.post("/hooks/billing/", body, content_type="application/json", headers=given | headers)


def by_hook(client: Client, ada: User) -> None:
    """In the wrong order, and each twice."""
    secret = linking.fresh_hook_secret(ada, NOON)
    for place, (kind, said) in enumerate([*FACTS, *FACTS]):
        data = said | {"account_external_id": "acme-1", "occurred_at": _WHEN}
        assert hooked(client, secret, kind, data, f"msg_{place % 4}").status_code == 200
        inbox.work(NOON)
    assert not InboundPayload.objects.exclude(state="done").exists()


def by_api(client: Client, ada: User) -> None:
    _, token = ApiToken.issue(ada, "write")
    headers = {"Authorization": f"Bearer {token}"}
    account = Account.objects.get().pk

    def post(path: str, said: dict[str, Any]) -> None:
        answer = client.post(f"/api/v1/{path}/", said, content_type="application/json", headers=headers)
        assert answer.status_code == 201, answer.content

    said = dict(FACTS[2][1])
    term = {name: said.pop(name) for name in ("starts_on", "ends_on", "mrr")}
    post("contracts", said | {"external_id": said.pop("id"), "account": account, "terms": [term]})
    contract = Contract.objects.get().pk
    for _, one in FACTS[:2]:
        one = dict(one)
        post("payments", one | {"external_id": one.pop("id"), "account": account, "contract": contract})


def load(kind: str, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(text)
        file.flush()
        assert not import_file(kind, Path(file.name), plan=Plan(), now=NOON).rejected


def by_file(*_: Any) -> None:
    load("contracts", "external_id,account_external_id,plan,starts_on,ends_on,mrr,currency,auto_renew,status\n"
         "sub_1,acme-1,Team,2026-06-01,2026-07-01,30.00,EUR,yes,paid\n")  # fmt: skip
    load("payments", "external_id,contract_external_id,due_at,paid_at,amount,currency,status\n"
         f"in_1,sub_1,{_WHEN},{_WHEN},30.00,EUR,paid\nin_2,sub_1,{_WHEN},,30.00,EUR,failed\n")  # fmt: skip


def test_four_roads_lead_to_the_same_ledger(client: Client, known: Account, ada: User) -> None:
    roads: list[Callable[[Client, User], None]] = [by_stripe, by_hook, by_api, by_file]
    found = []
    for road in roads:
        with transaction.atomic():
            road(client, ada)
            found.append(held())
            transaction.set_rollback(True)
    assert len(found[0]["contracts"]) == 1
    assert [row[7] for row in found[0]["payments"]] == ["paid", "failed"]
    assert found[1] == found[0]
    assert found[2] == found[0]
    assert found[3] == found[0]


def test_facts_of_one_road_go_on_where_another_left_off(client: Client, known: Account, ada: User) -> None:
    by_file()
    by_stripe()
    by_hook(client, ada)
    assert (Contract.objects.count(), Payment.objects.count(), ContractTerm.objects.count()) == (1, 2, 1)


def test_a_won_deal_that_the_hook_and_then_stripe_report_is_one_contract(
    client: Client, known: Account, ada: User
) -> None:
    terms = Booking("Team", Decimal(30), "EUR", date(2026, 6, 1))
    sold = book(known.pk, terms, NOON)
    by_hook(client, ada)
    by_stripe()
    contract = Contract.objects.get()
    assert (contract.pk, contract.status, contract.external_id) == (sold.pk, "paid", "sub_1")
    assert (ContractTerm.objects.count(), Payment.objects.count()) == (1, 2)
    assert [(act.label, act.detail["reporter"]) for act in Act.objects.filter(kind="contract.confirmed")] == [
        ("confirmed the contract Team", "Billing")
    ]
    told = TimelineEntry.objects.filter(account=known, kind__in=["contract.confirmed", "contract.started"])
    assert sorted(told.values_list("kind", flat=True)) == ["contract.confirmed", "contract.started"]
    assert Pending.objects.filter(entry__kind="contract.confirmed").count() == 1


# The signed hook in its own words -------------------------------------------------------------------------------------


def _contract(client: Client, secret: str, key: str, occurred: timedelta, **said: Any) -> None:
    when = (NOON + occurred).isoformat()
    data = {"id": "c-1", "account_external_id": "acme-1", "occurred_at": when, "currency": "EUR"} | said
    assert hooked(client, secret, "contract", data, key).status_code == 200
    inbox.work(NOON)


@pytest.mark.parametrize("turned", [False, True])
def test_that_a_contract_has_started_is_told_once_whatever_comes_first(known: Account, turned: bool) -> None:
    created = event("customer.subscription.created", subscription(), at("2026-05-31"))
    later = event("customer.subscription.updated", subscription(), at("2026-06-01"))
    deliver(*((later, created) if turned else (created, later)))
    (entry,) = TimelineEntry.objects.filter(kind="contract.started")
    assert (entry.account, entry.payload["contract_id"]) == (known, Contract.objects.get().pk)
    assert entry.payload["starts_on"] == "2026-05-10"


def test_a_trial_has_not_started_until_it_is_paid_for(known: Account) -> None:
    tried = subscription(status="trialing", trial_end=at("2026-06-10"))
    deliver(event("customer.subscription.created", tried, at("2026-05-31")))
    assert not TimelineEntry.objects.filter(kind="contract.started").exists()
    later = NOON + timedelta(days=10)
    deliver(event("customer.subscription.updated", subscription(), at("2026-06-10")), now=later)
    assert TimelineEntry.objects.filter(kind="contract.started").count() == 1


def test_a_new_term_ends_the_one_before_and_a_price_said_alone_parts_it(
    client: Client, acme: Account, ada: User
) -> None:
    secret, day = linking.fresh_hook_secret(ada, NOON), timedelta(days=1)
    _contract(client, secret, "m3", -2 * day, mrr="12.00")
    _contract(client, secret, "m1", -40 * day, starts_on="2026-01-01", mrr="10.00", plan="Team")
    _contract(client, secret, "m2", -20 * day, starts_on="2026-05-15", mrr="11.00")

    assert [(str(term), term.mrr) for term in ContractTerm.objects.order_by("starts_on")] == [
        ("2026-01-01 to 2026-05-15", Decimal("10.00")), ("2026-05-15 to 2026-05-30", Decimal("11.00")),
        ("2026-05-30 to open", Decimal("12.00")),
    ]  # fmt: skip


def test_whoever_comes_back_leaves_a_gap(client: Client, acme: Account, ada: User) -> None:
    secret, day = linking.fresh_hook_secret(ada, NOON), timedelta(days=1)
    _contract(client, secret, "m3", -2 * day, status="paid")
    _contract(client, secret, "m1", -40 * day, starts_on="2026-01-01", mrr="10.00")
    _contract(client, secret, "m2", -12 * day, status="cancelled")

    contract = Contract.objects.get()
    assert (contract.status, contract.cancelled_on) == ("paid", None)
    assert [str(term) for term in contract.terms.order_by("starts_on")] == ["2026-01-01 to 2026-05-20",
                                                                             "2026-05-30 to open"]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"mrr": "lots"}, "mrr is no amount"), ({"mrr": "-1"}, "mrr is less than nothing"), ({"mrr": "NaN"}, "mrr is"),
        ({"status": "expected"}, "status is “expected”"), ({"currency": "euro"}, "currency is no code"),
        ({"starts_on": "1 June"}, "starts_on is no day"), ({"occurred_at": "soon"}, "occurred_at is no moment"),
        ({"starts_on": "2026-06-01", "ends_on": "2026-06-01"}, "ends_on is not after starts_on"),
        ({"account_external_id": ""}, "names no customer"), ({"id": ""}, "has no id"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where(client: Client, acme: Account, ada: User, said: Any, why: str) -> None:
    secret = linking.fresh_hook_secret(ada, NOON)
    data = {"id": "c-1", "account_external_id": "acme-1", "occurred_at": _WHEN, "starts_on": "2026-06-01", **said}
    assert hooked(client, secret, "contract", data, "m1").status_code == 200
    inbox.work(NOON)
    assert why in InboundPayload.objects.get().error
    assert not BillingObject.objects.exists()


def test_a_hook_that_proves_nothing_leaves_no_row(client: Client, ada: User) -> None:
    secret = linking.fresh_hook_secret(ada, NOON)
    wrong = "whsec_" + "QUFB" * 11
    for signed_with, more in ((wrong, {}), (secret, {"webhook-id": "other"}), (secret, {"webhook-timestamp": "1"}),
                              (secret, {"webhook-signature": ""})):  # fmt: skip
        assert hooked(client, signed_with, "contract", {}, "m1", **more).status_code == 403
    assert not InboundPayload.objects.exists()
