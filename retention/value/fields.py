"""What filters, lists and segments can ask about worth."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    CharField,
    DecimalField,
    IntegerField,
    OuterRef,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from crm.slots import FilterField, SegmentIdea, filter_subjects, segment_ideas
from retention.value import monthly, rules
from retention.value.models import AccountValue

_GROUP = "Value"
_money: Any = DecimalField(max_digits=18, decimal_places=2)


def _of(column: str, output: Any, empty: Any) -> Any:
    """The column of the customer's row, or what stands for whom there is none."""

    def expression(argument: str | None, now: datetime) -> Any:
        row = AccountValue.objects.filter(account=OuterRef("pk")).values(column)
        return Coalesce(Subquery(row, output_field=output), Value(empty, output))

    return expression


def _score(argument: str | None, now: datetime) -> Any:
    row = AccountValue.objects.filter(account=OuterRef("pk")).values("met__len")
    return Coalesce(Subquery(row, output_field=IntegerField()), 0)


def register_fields() -> None:
    fields = filter_subjects["account"].fields
    for name, label, kind, expression, more in (
        ("value.cost", "Cost to serve", "number", _of("cost", _money, 0), {"unit": "money"}),
        ("value.margin", "Margin", "number", _of("margin", _money, 0), {"unit": "money"}),
        ("value.verdict", "Worth", "choice", _of("verdict", CharField(), ""), {"choices": rules.VERDICTS}),
        ("value.ready", "Ready for more", "bool", _of("ready", BooleanField(), False), {}),
        ("value.readiness", "Signs of readiness", "number", _score, {}),
        ("value.told", "Something to tell of last month", "bool", monthly.something_to_tell, {}),
    ):
        fields.register(name, FilterField(label, kind, expression, group=_GROUP, order=78, **more))
    segment_ideas.register(
        "ready-for-more",
        SegmentIdea(
            "Ready for more",
            "They use it well, pay on time and have nothing to complain about. Talk to them about what comes next.",
            {"all": [{"field": "value.ready", "op": "is", "value": True}]}, order=40,
        ),
    )  # fmt: skip
    segment_ideas.register(
        "cost-more",
        SegmentIdea(
            "Cost more than they bring",
            "Serving them costs more than they have paid. Find out what takes the time, or let them go in peace.",
            {"all": [{"field": "value.verdict", "op": "is", "value": rules.COSTS}]}, order=50,
        ),
    )  # fmt: skip
