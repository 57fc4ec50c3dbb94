"""How a customer pays, and which of it is used first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm.billing.actions.waiting import Waits
from crm.billing.models import BillingCustomer, BillingObject, PaymentMethod
from crm.billing.models.methods import first_day_after
from crm.billing.rules.facts import Said, in_order, merged
from crm.ledger.actions.starting import NEWS
from crm.timeline.actions import Fact, record

ADDED = "payment_method.added"


def apply_method(row: BillingObject, facts: Sequence[Said], account_id: int, now: datetime) -> dict[str, Any]:
    """A card that is new stands on the timeline; one that was taken off stays, and says when."""
    state = merged(facts)
    first, latest = in_order(facts)[0], max(one.at for one in facts)
    there = (
        PaymentMethod.objects.select_for_update(of=("self",), no_key=True).filter(external_id=row.external_id).first()
    )
    if there and there.account_id != account_id:
        raise Waits("The card with this id is another customer’s here. Merge the two customers, or correct the id.")
    method = there or PaymentMethod(account_id=account_id, external_id=row.external_id, added_at=first.at)
    ends = first_day_after(state["exp_year"], state["exp_month"]) if state.get("exp_year") else None
    if there is None or ends != method.expires_on:
        method.known_at = now
    method.account_id, method.brand, method.last4 = account_id, state.get("brand", ""), state.get("last4", "")
    method.exp_year, method.exp_month, method.expires_on = state.get("exp_year"), state.get("exp_month"), ends
    method.removed_at = latest if state.get("removed") else None
    method.is_default = bool(state.get("default")) or (not state.get("removed") and _is_default(row))
    method.save()
    if there is None and not state.get("removed"):
        payload = {"method": method.pk, "brand": method.brand, "last4": method.last4, "expires_on": ends and str(ends)}
        record(Fact(account_id, ADDED, f"{method} was added", first.at, payload=payload, key=f"{ADDED}:{method.pk}"),
               react=first.at > now - NEWS, now=now)  # fmt: skip
    return state


def _is_default(row: BillingObject) -> bool:
    """Whether the customer says so."""
    of = BillingObject.objects.filter(customer=row.customer, kind="customer").values_list("state", flat=True).first()
    return of is not None and of.get("default_method") == row.external_id


def apply_customer(row: BillingObject, facts: Sequence[Said], account_id: int, now: datetime) -> dict[str, Any]:
    """Who they are is known by now; which of their cards is used first may be new."""
    state = merged(facts)
    customer = row.customer
    assert customer is not None
    told = {name: state.get(name) or getattr(customer, name) for name in ("name", "email", "account_external_id")}
    BillingCustomer.objects.filter(pk=customer.pk).update(**told)
    if "default_method" in state:
        ours = BillingObject.objects.filter(customer=customer, kind="method").values_list("external_id", flat=True)
        methods = PaymentMethod.objects.filter(external_id__in=list(ours))
        methods.exclude(external_id=state["default_method"]).update(is_default=False)
        methods.filter(external_id=state["default_method"]).update(is_default=True)
    return state
