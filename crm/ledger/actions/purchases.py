"""Purchases, one at a time. Shops report them; files bring them by the million."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm.ledger.actions.payments import booked_rate, said_by
from crm.ledger.actions.projection import project
from crm.ledger.models import Purchase, PurchaseItem
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.web import wording


def save(
    purchase: Purchase, values: Mapping[str, Any], items: Sequence[Mapping[str, Any]] | None, now: datetime, *,
    react: bool = True, by: User | None = None,
) -> Purchase:  # fmt: skip
    """Give a purchase, new or locked, these values and these items (None: those it has); its account follows. `by` is
    who entered it.

    Raises PaymentError for a currency without a rate.
    """
    new, currency = purchase._state.adding, None if purchase._state.adding else purchase.currency
    for name, value in values.items():
        setattr(purchase, name, value)
    if currency != purchase.currency:
        purchase.rate = booked_rate(purchase.currency, purchase.purchased_at)
    purchase.updated_at = now
    purchase.save()
    if items is not None:
        _set_items(purchase, items)
    project([purchase.account_id], now)
    if new:
        record(_fact(purchase, by), react=react, now=now)
    return purchase


def _set_items(purchase: Purchase, items: Sequence[Mapping[str, Any]]) -> None:
    """Those that are as they were stay, with their ids."""
    wanted = {place: {"product": "", "quantity": 1, **item} for place, item in enumerate(items, 1)}
    for item in purchase.items.all():
        if values := wanted.pop(item.place, None):
            for name, value in values.items():
                setattr(item, name, value)
            item.save()
        else:
            item.delete()
    PurchaseItem.objects.bulk_create(PurchaseItem(purchase=purchase, place=at, **one) for at, one in wanted.items())


def _fact(purchase: Purchase, by: User | None) -> Fact:
    items = list(purchase.items.all())
    amount = sum((item.amount for item in items), Decimal(0))
    named = list(dict.fromkeys(item.product for item in items if item.product))
    what = ", ".join(named[:3]) + (" and more" if len(named) > 3 else "") or "something"
    return Fact(
        purchase.account_id, "purchase.made", f"Bought {what} for {wording.money(amount, purchase.currency)}"[:400],
        purchase.purchased_at, contact_id=purchase.contact_id, key=f"purchase.made:{purchase.pk}", **said_by(by),
        payload={
            "purchase": purchase.pk, "amount": str(amount), "currency": purchase.currency, "items": len(items),
            "products": named[:20],
        },
    )  # fmt: skip
