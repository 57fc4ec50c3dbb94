"""Invoices, refunds, cards and customers of Stripe, as of the moment at which they looked like this."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from crm.billing.rules.money import cents, units
from crm.billing.stripe.subscriptions import moment
from crm.billing.told import Unreadable, Whose
from crm.inbox.channels.chat import number, thing, things, words


def id_of(value: Any) -> str:
    """Of an object that is said whole or by its id alone."""
    return words(value, 120) or words(thing(value).get("id"), 120)


def whose(one: dict[str, Any]) -> Whose | None:
    """The customer of an object, with what it says of them."""
    customer = thing(one.get("customer"))
    if not (found := id_of(one.get("customer"))):
        return None
    named = customer_said(customer) if customer else {}
    return Whose(
        found, named.get("email") or words(one.get("customer_email"), 254).lower(),
        named.get("name") or words(one.get("customer_name"), 200), named.get("account_external_id", ""),
    )  # fmt: skip


def customer_said(one: dict[str, Any]) -> dict[str, Any]:
    metadata = thing(one.get("metadata"))
    return {
        "email": words(one.get("email"), 254).lower(), "name": words(one.get("name"), 200),
        "account_external_id": words(metadata.get("external_id"), 120), "deleted": bool(one.get("deleted")),
        "default_method": id_of(thing(one.get("invoice_settings")).get("default_payment_method"))
        or id_of(one.get("default_source")),
    }  # fmt: skip


# Invoices -------------------------------------------------------------------------------------------------------------


def subscription_of(invoice: dict[str, Any]) -> str:
    """By its present place or its older one; blank for an invoice of something else."""
    parent = thing(thing(invoice.get("parent")).get("subscription_details"))
    return id_of(invoice.get("subscription")) or id_of(parent.get("subscription"))


def names_of(invoice: dict[str, Any]) -> tuple[str, ...]:
    """By what else its payment is known: refunds name one of these."""
    found = [id_of(invoice.get("charge")), id_of(invoice.get("payment_intent"))]
    for paid in things(thing(invoice.get("payments")).get("data")):
        found += payment_names(thing(paid.get("payment")))
    return tuple(dict.fromkeys(name for name in found if name))


def payment_names(payment: dict[str, Any]) -> list[str]:
    return [name for name in (id_of(payment.get("charge")), id_of(payment.get("payment_intent"))) if name]


def invoice_said(one: dict[str, Any], failed: bool, at: datetime) -> dict[str, Any]:
    """In the words of payments. Drafts, and what asks for nothing, are none: `status` is blank. `failed`: the event
    says that a try has just failed. Raises Unreadable."""
    currency, turned = words(one.get("currency"), 3).upper(), thing(one.get("status_transitions"))
    minor, status = one.get("amount_due"), words(one.get("status"), 20)
    if status == "paid" and isinstance(one.get("amount_paid"), int) and one["amount_paid"]:
        minor = one["amount_paid"]
    if not isinstance(minor, int) or isinstance(minor, bool) or not currency:
        raise Unreadable("The invoice does not say how much is due in which currency.")
    tries = one.get("attempt_count")
    many = tries if isinstance(tries, int) and 0 <= tries < 1000 else 0
    due = moment(one.get("due_date")) or moment(turned.get("finalized_at")) or moment(one.get("created")) or at
    said: dict[str, Any] = {
        "contract": subscription_of(one) or None, "currency": currency, "amount": str(cents(units(minor, currency))),
        "due_at": due.isoformat(), "attempts": many, "status": _status(status, failed, many) if minor > 0 else "",
        "next_attempt_at": _iso(moment(one.get("next_payment_attempt"))),
    }  # fmt: skip
    if said["status"] == "paid":
        said["paid_at"] = (moment(turned.get("paid_at")) or at).isoformat()
    if failed and said["status"] == "failed":
        said["failed_at"] = at.isoformat()
    return said | _failure(one)


def _status(status: str, failed: bool, tries: int) -> str:
    match status:
        case "open":
            return "failed" if failed or tries > 0 else "open"
        case "paid" | "void":
            return status
        case "uncollectible":
            return "void"  # given up; paid after all, it is paid
    return ""


def _failure(invoice: dict[str, Any]) -> dict[str, str]:
    """Why the last try failed, in words and by code, where Stripe says it: in the payment, if that is said whole, in
    the charge, or in the last error. Where it says nothing, what was known of it holds."""
    tried = thing(thing(invoice.get("payment_intent")).get("last_payment_error"))
    charge = thing(invoice.get("charge"))
    final = thing(invoice.get("last_finalization_error"))
    for said, code in (
        (tried.get("message"), tried.get("decline_code") or tried.get("code")),
        (charge.get("failure_message"), thing(charge.get("outcome")).get("reason") or charge.get("failure_code")),
        (final.get("message"), final.get("code")),
    ):
        if reason := words(said, 200):
            return {"failure_reason": reason, "failure_code": words(code, 60)}
    return {}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# Refunds --------------------------------------------------------------------------------------------------------------


def refund_said(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    currency, amount = words(one.get("currency"), 3).upper(), one.get("amount")
    if not isinstance(amount, int) or not currency:
        raise Unreadable("The refund does not say how much went back in which currency.")
    return {
        "amount": str(cents(units(amount, currency))), "currency": currency,
        "at": (moment(one.get("created")) or at).isoformat(),
        "gone": words(one.get("status"), 20) not in ("failed", "canceled", "requires_action"),
    }  # fmt: skip


def charge_said(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    """What went back of a charge altogether, for versions of the API that do not say each refund."""
    currency, amount = words(one.get("currency"), 3).upper(), one.get("amount_refunded")
    if not isinstance(amount, int) or not currency:
        raise Unreadable("The charge does not say how much of it went back.")
    return {"total": str(cents(units(amount, currency))), "currency": currency, "at": at.isoformat(), "gone": True}


def refunds_in(charge: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from things(thing(charge.get("refunds")).get("data"))


# Cards ----------------------------------------------------------------------------------------------------------------


def method_said(one: dict[str, Any]) -> dict[str, Any]:
    """Of a payment method, or of a card as older versions have it. Never its number."""
    kind = words(one.get("type"), 40)
    card = thing(one.get("card")) or (one if one.get("object") == "card" else thing(one.get(kind)))
    year, month = card.get("exp_year"), card.get("exp_month")
    ends = isinstance(year, int) and isinstance(month, int) and 2000 <= year <= 2200 and 1 <= month <= 12
    return {
        "brand": words(card.get("brand"), 40).lower() or kind, "last4": words(card.get("last4"), 4),
        "exp_year": year if ends else None, "exp_month": month if ends else None,
        "removed": not number(one.get("customer")) and not id_of(one.get("customer")),
    }  # fmt: skip
