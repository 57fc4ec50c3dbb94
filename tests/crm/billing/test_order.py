"""In whatever order and however often events come, the ledger ends up the same (T12)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.billing.rules.contracts import Term, contract
from crm.billing.rules.facts import Said
from crm.billing.stripe import events
from crm.ledger.models import Payment
from tests.conftest import NOON
from tests.crm.billing.ledger import held
from tests.crm.billing.objects import at, deliver, event, invoice, item, paid, subscription

_BEGAN, _RAISED, _GONE = at("2026-05-10"), at("2026-05-20"), at("2026-05-28")
#: A life: begun and paid within one second, as Stripe has it, then dearer, with notice, and over.
LIFE = (
    event("customer.subscription.created", subscription(status="incomplete"), _BEGAN, "evt_9"),
    event("customer.subscription.updated", subscription(), _BEGAN, "evt_1"),
    event("customer.subscription.updated", subscription(items={"data": [item(4500)]}), _RAISED, "evt_2"),
    event("customer.subscription.updated",
          subscription(items={"data": [item(4500)]}, cancel_at_period_end=True), at("2026-05-25"), "evt_3"),
    event("customer.subscription.deleted", subscription(
        items={"data": [item(4500)]}, status="canceled", ended_at=_GONE), _GONE, "evt_0"),
)  # fmt: skip
#: Of an invoice: it fails, fails again, is paid, and some of it goes back.
INVOICE = (
    event("invoice.finalized", invoice(), _BEGAN, "evt_a"),
    event("invoice.payment_failed", invoice(attempt_count=1), at("2026-05-10", 13), "evt_b"),
    event("invoice.payment_failed", invoice(attempt_count=2), at("2026-05-11"), "evt_c"),
    event("invoice.paid", paid(), at("2026-05-12"), "evt_d"),
    event("refund.created", {"id": "re_1", "object": "refund", "amount": 1000, "currency": "eur", "charge": "ch_1",
                             "status": "succeeded", "created": at("2026-05-13")}, at("2026-05-13"), "evt_e"),
)  # fmt: skip


def _said(given: Any) -> list[Said]:
    return [Said(told.at, told.rank, told.key, told.said) for one in given for told in events.facts(one, NOON)]


def test_a_life_is_read_as_it_was() -> None:
    found = contract(_said(LIFE))

    assert found is not None
    assert (found.status, found.cancelled_on, found.auto_renew) == ("cancelled", date(2026, 5, 28), False)
    assert found.terms == (
        Term(date(2026, 5, 10), date(2026, 5, 20), Decimal("30.00")),
        Term(date(2026, 5, 20), date(2026, 6, 10), Decimal("45.00"), date(2026, 5, 10)),
    )


def test_all_orders_of_five_events_are_one_life() -> None:
    wanted = contract(_said(LIFE))

    assert {contract(_said(order)) for order in permutations(LIFE)} == {wanted}


@given(st.lists(st.sampled_from(LIFE), min_size=5, max_size=14))
def test_repeats_between_change_nothing(extra: list[dict[str, Any]]) -> None:
    assert contract(_said([*extra, *LIFE])) == contract(_said([*LIFE, *extra])) == contract(_said(LIFE))


@given(st.data())
def test_what_is_known_so_far_never_depends_on_the_order(data: st.DataObject) -> None:
    some = data.draw(st.lists(st.sampled_from(LIFE), min_size=1, max_size=5))
    assert contract(_said(some)) == contract(_said(data.draw(st.permutations(some))))


def _ends_the_same(orders: list[Any]) -> None:
    wanted = None
    for order in orders:
        with transaction.atomic():
            deliver(*order)
            deliver(*reversed(order))
            found = held()
            transaction.set_rollback(True)
        wanted = wanted or found
        assert found == wanted, [one["id"] for one in order]
    assert wanted
    assert wanted["payments"][0][7:9] == ("partly_refunded", 2)
    assert [row[2] for row in wanted["refunds"]] == [Decimal("10.00")]


_EVERY = [*permutations(LIFE)]


@pytest.mark.django_db
def test_the_ledger_is_the_same_after_some_orders(known: Account) -> None:
    """Those that are furthest from how it was: invoices first, the end first, each beginning of the two."""
    turned = [[*reversed(INVOICE), *reversed(LIFE)], [*LIFE, *INVOICE], [*INVOICE, *LIFE]]
    _ends_the_same(turned + [[*order[:2], *INVOICE[2:], *order[2:], *INVOICE[:2]] for order in _EVERY[::23]])


@pytest.mark.long
@pytest.mark.django_db
def test_the_ledger_is_the_same_after_all_orders(known: Account) -> None:
    _ends_the_same([[*INVOICE[place % 5 :], *order, *INVOICE[: place % 5]] for place, order in enumerate(_EVERY)])


@pytest.mark.django_db
def test_an_invoice_waits_for_its_subscription(known: Account) -> None:
    deliver(INVOICE[0], INVOICE[3])
    assert not Payment.objects.exists()

    deliver(LIFE[1])

    payment = Payment.objects.get()
    assert (payment.status, payment.contract and payment.contract.external_id) == ("paid", "sub_1")
