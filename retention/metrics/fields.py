"""What filters can ask of the past: who was a customer on a day, for how much, and since when. With these every figure
opens the names behind it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import DecimalField, Exists, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from crm.ledger.models import CustomerSpan
from crm.slots import FilterField, filter_subjects

ON, MRR_ON, FIRST_ON = "customer.on", "customer.mrr_on", "customer.first_on"


def _spans() -> Any:
    return CustomerSpan.objects.filter(account=OuterRef("pk"))


def _on(day: str | None, now: datetime) -> Any:
    return Exists(_spans().covering(date.fromisoformat(day or "")))


def _mrr_on(day: str | None, now: datetime) -> Any:
    """0 for who was none."""
    found = _spans().covering(date.fromisoformat(day or "")).values("mrr")
    return Coalesce(Subquery(found), Value(0), output_field=DecimalField(max_digits=16, decimal_places=2))


def _first_on(argument: str | None, now: datetime) -> Any:
    return Subquery(_spans().order_by("starts_on").values("starts_on")[:1])


def register_fields() -> None:
    fields = filter_subjects["account"].fields
    fields.register(ON, FilterField("Customer on {}", "bool", _on, takes_argument=True, argument="day", order=60))
    fields.register(
        MRR_ON,
        FilterField("MRR on {}", "number", _mrr_on, takes_argument=True, argument="day", unit="money", order=61),
    )
    fields.register(FIRST_ON, FilterField("First became a customer", "date", _first_on, order=62))
