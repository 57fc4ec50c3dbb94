"""Events of Stripe, as facts: what an event is about, in the state that it had then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm.billing.stripe import invoices
from crm.billing.stripe.invoices import id_of, whose
from crm.billing.stripe.subscriptions import moment, said_of
from crm.billing.told import STRIPE, Told, Unreadable, Whose
from crm.inbox.channels.chat import thing, words

#: What is looked at, and so what Stripe is asked to send; `*` stands for whatever follows.
TYPES = (
    "customer.created", "customer.updated", "customer.deleted", "customer.source.expiring",
    "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
    "customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.trial_will_end",
    "invoice.created", "invoice.finalized", "invoice.updated", "invoice.payment_failed", "invoice.paid",
    "invoice.payment_succeeded", "invoice.voided", "invoice.marked_uncollectible", "invoice_payment.paid",
    "charge.refunded", "refund.created", "refund.updated", "refund.failed", "charge.refund.updated",
    "payment_method.attached", "payment_method.updated", "payment_method.automatically_updated",
    "payment_method.detached",
)  # fmt: skip

#: Events of one second say nothing of their order. What can only come later stands behind: a subscription is made, then
#: changed, then over, and active after it was incomplete; an invoice is open, then fails, then is paid.
_OF_TYPE = {"created": 0, "deleted": 8}
_OF_STATUS = {
    "incomplete": 0, "trialing": 1, "draft": 0, "open": 1, "active": 2, "uncollectible": 4, "paid": 5, "canceled": 6,
    "incomplete_expired": 6, "void": 6,
}  # fmt: skip


def facts(event: dict[str, Any], now: datetime) -> list[Told]:
    """None for what is nothing to us. Raises Unreadable."""
    kind, key, at = words(event.get("type"), 80), words(event.get("id"), 120), moment(event.get("created"))
    if not key or at is None or not kind:
        raise Unreadable("An event has an id, a type and a moment: this is none of Stripe's.")
    if kind not in TYPES:
        return []
    about = thing(thing(event.get("data")).get("object"))
    before = thing(thing(event.get("data")).get("previous_attributes"))
    failed = kind == "invoice.payment_failed"
    rank = _rank(kind.rpartition(".")[2], about, failed)
    return [replace(one, key=key, rank=rank) for one in _facts(kind, about, before, failed, at)]


def _rank(last: str, about: dict[str, Any], failed: bool) -> int:
    return 10 * _OF_TYPE.get(last, 1) + (3 if failed else _OF_STATUS.get(words(about.get("status"), 20), 2))


def _facts(kind: str, about: dict[str, Any], before: dict[str, Any], failed: bool, at: datetime) -> Iterator[Told]:
    if kind.startswith("customer.subscription."):
        yield subscription(about, at)
    elif kind == "customer.source.expiring" or kind.startswith("payment_method."):
        yield from method(about, before, at)
    elif kind.startswith("customer."):
        yield customer(about, at, deleted=kind == "customer.deleted")
    elif kind == "invoice_payment.paid":
        yield from _invoice_payment(about, at)
    elif kind.startswith("invoice."):
        yield from invoice(about, at, failed=failed)
    elif kind == "charge.refunded":
        yield from _charge(about, at)
    else:
        yield from refund(about, at)


def _told(kind: str, id_: str, at: datetime, said: dict[str, Any], of: Whose | None, *names: str) -> Told:
    if not id_:
        raise Unreadable(f"The {kind} has no id.")
    return Told(STRIPE, kind, id_, "", at, said, of, names=tuple(dict.fromkeys(filter(None, names))))


def subscription(one: dict[str, Any], at: datetime) -> Told:
    return _told("contract", id_of(one), at, said_of(one, at), _whose(one))


def invoice(one: dict[str, Any], at: datetime, *, failed: bool = False) -> Iterator[Told]:
    """None of one that is not there yet (invoice.upcoming has no id)."""
    if found := id_of(one):
        said = invoices.invoice_said(one, failed, at)
        yield _told("payment", found, at, said, _whose(one), *invoices.names_of(one))


def customer(one: dict[str, Any], at: datetime, *, deleted: bool = False) -> Told:
    said = invoices.customer_said(one) | ({"deleted": True} if deleted else {})
    of = Whose(id_of(one), said["email"], said["name"], said["account_external_id"])
    return _told("customer", id_of(one), at, said, of)


def method(one: dict[str, Any], before: dict[str, Any], at: datetime) -> Iterator[Told]:
    """One that was taken off has no customer any more: it was that of whom it is known, or of before."""
    said = invoices.method_said(one)
    if said["brand"] or said["removed"]:
        yield _told("method", id_of(one), at, said, whose(one) or whose(before))


def refund(one: dict[str, Any], at: datetime) -> Iterator[Told]:
    """It names no customer: its payment does."""
    names = [id_of(one.get("charge")), id_of(one.get("payment_intent"))]
    if any(names):
        yield _told("refund", id_of(one), at, invoices.refund_said(one, at), None, *names)


def _charge(one: dict[str, Any], at: datetime) -> Iterator[Told]:
    """Each refund that it lists, and how much there was altogether."""
    names = [id_of(one), id_of(one.get("payment_intent")), id_of(one.get("invoice"))]
    for each in invoices.refunds_in(one):
        yield _told("refund", id_of(each), at, invoices.refund_said(each, at), None, *names)
    yield _told("refund", id_of(one), at, invoices.charge_said(one, at), None, *names)


def _invoice_payment(one: dict[str, Any], at: datetime) -> Iterator[Told]:
    """By which names the payment of an invoice is known, and nothing else."""
    if found := id_of(one.get("invoice")):
        yield _told("payment", found, at, {}, None, *invoices.payment_names(thing(one.get("payment"))))


def _whose(one: dict[str, Any]) -> Whose:
    if (found := whose(one)) is None:
        raise Unreadable("It names no customer.")
    return found


#: By the `object` that a list of Stripe holds: what one of them says when somebody looks.
READERS: dict[str, Callable[[dict[str, Any], datetime], Iterator[Told]]] = {
    "subscription": lambda one, at: iter([subscription(one, at)]),
    "invoice": lambda one, at: invoice(one, at),
}
