"""What billing systems say that cannot be so: each is refused with a reason, and stands in nobody else's way."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from crm.accounts.models import Account
from crm.billing import hooks
from crm.billing.actions.taking import take_all
from crm.billing.models import BillingDifference, BillingObject, PaymentMethod
from crm.billing.stripe import looking
from crm.billing.told import HOOK, Told, Unreadable, Whose
from crm.inbox import actions as inbox
from crm.inbox.models import InboundPayload
from crm.ledger.api.contracts import TermSerializer
from crm.ledger.models import Contract, ContractTerm, Payment
from crm.slots import Arrived
from crm.team.models import User
from tests import factories
from tests.conftest import NOON
from tests.crm.billing.objects import at, event, invoice, item, subscription
from tests.crm.billing.server import Stripe
from tests.crm.imports.conftest import load  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)


def arrived(kind: str, data: Any, **more: Any) -> Arrived:
    body = json.dumps({"type": kind, "data": data} | more).encode()
    return Arrived(1, "hook", hooks.KIND, {"webhook-id": "m1"}, body, NOON)


def contract(**more: Any) -> dict[str, Any]:
    return {
        "id": "sub-7", "customer": {"id": "c-1", "external_id": "acme-1"}, "plan": "Team", "status": "paid",
        "starts_on": "2026-06-01", "mrr": "250.00", "currency": "EUR", "occurred_at": NOON.isoformat(),
    } | more  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    [
        {"items": {"data": [item(unit_amount_decimal=None, unit_amount=None, billing_scheme="tiered",
                                 tiers=[{"up_to": None, "flat_amount": "a lot"}])]}},
        {"items": {"data": [item(quantity=10**30)]}},
        {"discounts": [{"coupon": {"percent_off": "half", "duration": "forever"}}]},
        {"currency": "eur", "items": {"data": [item(10**40)]}},
    ],
)  # fmt: skip
def test_one_malformed_object_is_noted_and_the_look_goes_on(server: Stripe, known: Account, broken: Any) -> None:
    server.lists["/v1/subscriptions"] = [subscription(id="sub_bad") | broken, subscription()]
    for _ in range(10):
        if not looking.work(NOON):
            break
    assert Contract.objects.get().external_id == "sub_1"
    noted = BillingDifference.objects.get(external_id="sub_bad")
    assert (noted.mended, bool(noted.why_not)) == (False, True)


@pytest.mark.parametrize("moment", [253402300800, 10**15, -1, 0, 99_999_999_999, True, 1.5, "soon"])
def test_a_moment_of_stripe_beyond_the_calendar_is_none(known: Account, moment: Any) -> None:
    told = event(
        "invoice.payment_failed",
        invoice(due_date=moment, next_payment_attempt=moment, subscription=None),
        at("2026-05-31"),
    )
    inbox.store("stripe", "stripe.event", "event:1", json.dumps(told).encode(), {}, NOON)
    inbox.work(NOON)
    assert not InboundPayload.objects.exclude(error="").exists()
    assert Payment.objects.get().due_at.year == 2026


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2200-01-01T00:00:00Z"])
def test_a_moment_of_the_hook_beyond_the_calendar_is_refused(acme: Account, moment: str) -> None:
    said = {"id": "inv-1", "customer": {"id": "c-1", "external_id": "acme-1"}, "amount": "1.00", "currency": "EUR"}
    for name in ("due_at", "occurred_at", "next_attempt_at"):
        with pytest.raises(Unreadable, match=f"{name} lies beyond the calendar"):
            hooks.unpack(arrived("payment", said | {name: moment}), NOON)
    assert not BillingObject.objects.exists()


def test_what_is_still_to_come_is_no_fact_yet(acme: Account) -> None:
    late = (NOON + hooks.SKEW + timedelta(seconds=1)).isoformat()
    with pytest.raises(Unreadable, match="still to come"):
        hooks.unpack(arrived("contract", contract(occurred_at=late)), NOON)
    with pytest.raises(Unreadable, match="still to come"):
        hooks.unpack(arrived("contract", contract(occurred_at=None), timestamp=late), NOON)
    assert not BillingObject.objects.exists()
    hooks.unpack(arrived("contract", contract(occurred_at=(NOON + hooks.SKEW).isoformat())), NOON)
    assert Contract.objects.count() == 1


def test_at_most_so_many_objects_at_once(acme: Account) -> None:
    data = [contract(id=f"sub-{n}") for n in range(hooks.MOST + 1)]
    with pytest.raises(Unreadable, match="send at most 500 at once"):
        hooks.unpack(arrived("contract", data), NOON)
    assert not BillingObject.objects.exists()


def test_two_payloads_that_name_the_same_in_opposite_order_both_come_in(acme: Account) -> None:
    """Each holds the first of its objects before it asks for the other's, unless both are asked for in one order."""
    factories.account("Kelp", external_id="kelp-1")
    told = [
        Told(HOOK, "payment", f"inv-{n}", f"m:{n}", NOON, {"amount": "5.00", "currency": "EUR", "status": "open",
             "due_at": NOON.isoformat()}, Whose(f"c-{n}", account_external_id=external))
        for n, external in ((1, "acme-1"), (2, "kelp-1"))
    ]  # fmt: skip
    failures: list[BaseException] = []
    gate = threading.Barrier(2)

    def run(backwards: bool) -> None:
        try:
            for turn in range(25):
                mine = [Told(one.source, one.kind, one.id, f"{one.key}:{backwards}:{turn}", one.at, one.said, one.whose)
                        for one in told]  # fmt: skip
                gate.wait(30)
                take_all(mine[::-1] if backwards else mine, NOON)
        except BaseException as error:
            failures.append(error)
            gate.abort()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(backwards,)) for backwards in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert Payment.objects.count() == 2


def test_a_card_does_not_move_to_another_customer(acme: Account) -> None:
    kelp = factories.account("Kelp", external_id="kelp-1")
    card = {"id": "card-1", "customer": {"id": "c-1", "external_id": "acme-1"}, "brand": "visa", "last4": "4242"}
    hooks.unpack(arrived("payment_method", card), NOON)
    PaymentMethod.objects.update(account=kelp)
    told = Told(HOOK, "method", "card-1", "again", NOON, {"brand": "visa", "last4": "1111"},
                Whose("c-1", account_external_id="acme-1"))  # fmt: skip
    assert take_all([told], NOON)[0].startswith("waits: The card with this id is another customer’s here.")
    method = PaymentMethod.objects.get()
    assert (method.account, method.last4) == (kelp, "4242")


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
def test_a_term_beyond_the_calendar_is_refused_on_every_road(
    acme: Account,
    ada: User,
    day: str,
    load: Any,  # noqa: F811  (the fixture)
) -> None:
    with pytest.raises(Unreadable, match="starts_on lies beyond the calendar: days are from 1900 to 2199"):
        hooks.unpack(arrived("contract", contract(starts_on=day)), NOON)

    report = load("contracts", "external_id,account_external_id,starts_on,mrr,currency\n"
                               f"k-1,acme-1,{day},10,EUR\n")  # fmt: skip
    assert report.rejected == 1
    term = TermSerializer(data={"starts_on": day, "mrr": "10.00"})
    assert not term.is_valid()
    assert "must lie between 1900-01-01 and 2199-12-31" in str(term.errors["starts_on"])
    assert not ContractTerm.objects.exists()


def test_secrets_of_stripe_are_given_by_who_has_just_proven_themselves(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.team.signin.SignInAdapter.is_reauthentication_required", lambda *_, **__: True)
    client.force_login(ada)
    for said in ({"stripe_key": "rk_test_12345678"}, {"off": "1"}):
        assert "/sign-in/again/" in client.post("/settings/billing/connection/", said).headers["Location"]
    from crm.billing.models import BillingSettings

    assert not BillingSettings.objects.exists()
