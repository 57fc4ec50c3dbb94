"""What usage gives to others: its import kind, and what a filter can ask about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from crm.slots import FilterField, OwnedRows, Told, exported, filter_subjects, owned_rows, register_facts
from retention.usage.actions import register_imports
from retention.usage.habits.fields import register_habits
from retention.usage.merging import forget, moving
from retention.usage.models import UsageDay


def _total(feature: str | None, now: datetime) -> Any:
    """How often the account has used the feature, ever; 0 for never."""
    days = UsageDay.objects.filter(account=OuterRef("pk"), feature=feature or "")
    return _one(days.order_by().values("account").annotate(value=Sum("count")))


def _features(argument: str | None, now: datetime) -> Any:
    """How many features the account has ever used."""
    days = UsageDay.objects.filter(account=OuterRef("pk"), count__gt=0)
    return _one(days.order_by().values("account").annotate(value=Count("feature", distinct=True)))


def _one(days: Any) -> Any:
    return Coalesce(Subquery(days.values("value"), output_field=IntegerField()), 0)


_fields = filter_subjects["account"].fields
_fields.register("usage.total", FilterField("Uses of a feature", "number", _total, takes_argument=True, order=100))
_fields.register("usage.features", FilterField("Features used", "number", _features, order=101))

register_imports()
register_habits()

owned_rows.register(
    "account_usage",
    OwnedRows("retention.UsageDay", "account", ("day of usage", "days of usage"), moving("account"), "keep"),
)
owned_rows.register(
    "contact_usage",
    OwnedRows(
        "retention.UsageDay", "contact", ("day of usage", "days of usage"), moving("contact"), forget,
        exported(UsageDay, "contact", "day", "feature", "count"),
        told=Told("What you used", lambda row: f"{row['feature']}: {row['count']} ×", lambda row: row["day"], order=55),
    ),
)  # fmt: skip
register_facts("Product", {"usage.first": "First use of a feature"}, feature="reports")
