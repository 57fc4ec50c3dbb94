"""A customer's payments and purchases, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch

from crm.accounts.models import Account
from crm.ledger.models import Payment, Purchase, PurchaseItem, Refund
from crm.slots import deciding
from crm.team.models import User
from crm.web.pagination import Page, Sort, keyset_page

SIZE = 25
#: Products of a purchase that its line names.
_NAMED = 3
_DUE, _BOUGHT = Sort("due_at", descending=True), Sort("purchased_at", descending=True)
_TONES = {
    Payment.Status.PAID: "good", Payment.Status.FAILED: "bad", Payment.Status.OPEN: "info",
    Payment.Status.PARTLY_REFUNDED: "warn",
}  # fmt: skip


def payments(account: Account, viewer: User, cursor: str | None) -> tuple[list[dict[str, Any]], Page[Any]]:
    """With what went back of each, and what may be entered about it. Three queries. Raises BadCursor."""
    back = Prefetch("refunds", Refund.objects.order_by("refunded_at", "id"))
    rows = Payment.objects.visible_to(viewer).filter(account=account).select_related("contract").prefetch_related(back)
    page = keyset_page(rows, _DUE, cursor, SIZE)
    known = deciding.reporters([row.external_id for row in page.rows if row.external_id])
    return [_line(row, known.get(row.external_id or "", "")) for row in page.rows], page


def _line(row: Payment, reporter: str) -> dict[str, Any]:
    came_in = row.status in Payment.RECEIVED
    return {
        "payment": row, "tone": _TONES.get(Payment.Status(row.status), ""), "reporter": reporter,
        "at": row.paid_at if came_in else row.failed_at or row.due_at,
        "may_settle": not reporter and row.status in (Payment.Status.OPEN, Payment.Status.FAILED),
        "may_refund": not reporter and came_in and row.refunded < row.amount,
    }  # fmt: skip


def purchases(account: Account, viewer: User, cursor: str | None) -> tuple[list[dict[str, Any]], Page[Any]]:
    """With what was bought and for how much. Two queries. Raises BadCursor."""
    items = Prefetch("items", PurchaseItem.objects.order_by("place"))
    rows = Purchase.objects.visible_to(viewer).filter(account=account).select_related("contact").prefetch_related(items)
    page = keyset_page(rows, _BOUGHT, cursor, SIZE)
    return [_bought(row, list(row.items.all())) for row in page.rows], page


def _bought(row: Purchase, items: Sequence[PurchaseItem]) -> dict[str, Any]:
    named = [f"{item.quantity} × {item.product or 'something'}" for item in items]
    more = len(named) - _NAMED
    what = ", ".join(named[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return {"purchase": row, "what": what, "amount": sum((item.amount for item in items), start=0)}
