"""The names behind what a review says: lists that are narrowed to them, or the cancellations themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from crm.ledger.models import Cancellation
from crm.ledger.rules import add_months
from crm.segments import filterbar
from crm.team.models import User
from crm.tickets.insight.reading import queue
from crm.tickets.insight.stretch import Stretch
from retention.metrics import names
from retention.reports.reading import period_of

#: Figures of customers: what retention.metrics.names calls those behind them.
_CUSTOMERS = {
    "start": "customers_start", "lost": "customers_lost", "new": "customers_new", "end": "customers_end",
    "kept": "customers_kept",
}  # fmt: skip
#: What a page of the review lists, with its heading.
LISTED = {
    "reason": "Cancelled: {}", "saved": "Stayed with a pause or a discount", "reinstated": "Withdrew the cancellation",
    "renewing": "Contracts that end in {}", "leavers": "Left in {}",
}  # fmt: skip


def address(key: str, month: date, categories: Mapping[str, str]) -> str:
    """Where the names stand; blank for a figure that has none. `categories`: names of tickets' categories by id."""
    if figure := _CUSTOMERS.get(key):
        conditions = names.behind(figure, period_of(month))
        return f"{reverse('accounts:list')}?{urlencode({'view': 'all', 'f': filterbar.write(conditions)})}"
    what, _, of = key.partition("-")
    if what in ("opened", "reopened", "rated"):
        return _tickets(what, of, month, categories.get(of, ""))
    if what in LISTED:
        where = reverse("reports:names", args=[f"{month:%Y-%m}", what])
        return f"{where}?{urlencode({'reason': of})}" if of else where
    return ""


def _tickets(what: str, category: str, month: date, name: str) -> str:
    stretch = Stretch(month, add_months(month, 1) - timedelta(days=1), "category")
    if what == "rated":
        return f"{reverse('tickets:ratings')}?{stretch.query(key=category)}"
    of: dict[str, Any] = {"field": "category", "op": "is", "value": name} if name else _NONE
    return queue([*stretch.within("created_at" if what == "opened" else "reopened_at"), of])


_NONE: dict[str, Any] = {"field": "category", "op": "is_not_set"}


def cancellations(what: str, month: date, reason: int | None, viewer: User) -> QuerySet[Cancellation]:
    """Those that `what` counts, as they are now."""
    rows = Cancellation.objects.visible_to(viewer).select_related("account", "reason").order_by("-asked_on", "-pk")
    following = add_months(month, 1)
    if what == "saved":
        return rows.filter(saved_by__isnull=False, asked_on__gte=month, asked_on__lt=following)
    if what == "reinstated":
        return rows.filter(withdrawn_on__gte=month, withdrawn_on__lt=following)
    rows = rows.filter(effective_on__gte=month, effective_on__lt=following, withdrawn_on=None)
    return rows if reason is None else rows.filter(reason=reason)
