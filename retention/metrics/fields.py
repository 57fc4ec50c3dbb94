"""What filters can ask of the past: who was a customer on a day, for how much, and since when; what moved, and what was
bought. With these every figure opens the names behind it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Count, DecimalField, Exists, F, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from crm.ledger.models import CustomerSpan, MrrMovement, Purchase, PurchaseItem
from crm.segments.rules import day_start, read_stretch
from crm.slots import FilterField, filter_subjects
from crm.web import clock

ON, MRR_ON, FIRST_ON = "customer.on", "customer.mrr_on", "customer.first_on"
BOUGHT, FIRST_BOUGHT = "purchase.times_until", "purchase.first_product"


def moved(kind: str) -> str:
    """The field that asks for movements of a kind between two days."""
    return f"customer.{kind}_within"


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


def _moved(kind: str, days: str | None, now: datetime) -> Any:
    """Whether anything is left of the movements of this kind; what was corrected away is not."""
    first, last = read_stretch(days)
    rows = MrrMovement.objects.filter(account=OuterRef("pk"), kind=kind, day__gt=first, day__lte=last)
    sums = rows.order_by().values("account").annotate(money=Sum("amount"), people=Sum("customers"))
    return Exists(sums.filter(~Q(money=0) | ~Q(people=0)))


def _bought(day: str | None, now: datetime) -> Any:
    """How often, up to the end of that day."""
    over = day_start(date.fromisoformat(day or "") + timedelta(days=1), clock.zone())
    rows = Purchase.objects.filter(account=OuterRef("pk"), purchased_at__lt=over).order_by().values("account")
    return Coalesce(Subquery(rows.annotate(times=Count("pk")).values("times")), 0, output_field=IntegerField())


def _first_bought(argument: str | None, now: datetime) -> Any:
    """The first line of their first order."""
    first = Purchase.objects.filter(account=OuterRef("account")).order_by("purchased_at", "pk").values("pk")[:1]
    items = PurchaseItem.objects.annotate(account=F("purchase__account"))
    return Subquery(
        items.filter(account=OuterRef("pk"), place=1, purchase=Subquery(first)).order_by().values("product")[:1]
    )


def register_fields() -> None:
    fields = filter_subjects["account"].fields
    fields.register(ON, FilterField("Customer on {}", "bool", _on, takes_argument=True, argument="day", order=60))
    fields.register(
        MRR_ON,
        FilterField("MRR on {}", "number", _mrr_on, takes_argument=True, argument="day", unit="money", order=61),
    )
    fields.register(FIRST_ON, FilterField("First became a customer", "date", _first_on, order=62))
    for kind, label in MrrMovement.Kind.choices:
        fields.register(
            moved(kind),
            FilterField(
                f"{label} MRR within {{}}", "bool", partial(_moved, kind), takes_argument=True, argument="stretch",
                order=63,
            ),
        )  # fmt: skip
    fields.register(
        BOUGHT, FilterField("Orders up to {}", "number", _bought, takes_argument=True, argument="day", order=64)
    )
    fields.register(FIRST_BOUGHT, FilterField("First product bought", "text", _first_bought, order=65))
