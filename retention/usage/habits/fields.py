"""What habits give to others: filter fields, a column of the list, a segment to begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, CharField, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from crm.slots import (
    FilterField,
    ListColumn,
    Moving,
    OwnedRows,
    SegmentIdea,
    Work,
    filter_subjects,
    list_columns,
    owned_rows,
    segment_ideas,
    work,
)
from retention.usage.habits import rules
from retention.usage.habits.walking import HABITS
from retention.usage.models import UsageHabit


def _of(column: str, output: Any, empty: Any) -> Any:
    """The column of the account's row, or what stands for those who used nothing."""

    def expression(argument: str | None, now: datetime) -> Any:
        row = UsageHabit.objects.filter(account=OuterRef("pk")).values(column)
        return Coalesce(Subquery(row, output_field=output), Value(empty, output))

    return expression


def _shares(ids: Sequence[int], viewer: Any, now: datetime) -> Mapping[int, str]:
    """“exports 62 %, reports 20 %” of each."""
    rows = UsageHabit.objects.filter(account__in=ids).values_list("account_id", "interests", "shares")
    return {
        pk: ", ".join(f"{name} {share} %" for name, share in zip(names, shares, strict=True))
        for pk, names, shares in rows
    }  # fmt: skip


def _forget(loser: int, keeper: int, now: datetime) -> None:
    """The next walk says what both do together, and each of them should they part again."""
    UsageHabit.objects.filter(account_id__in=[loser]).delete()


def _come_back(done: None, loser: int, keeper: int) -> list[str]:
    return []


def register_habits() -> None:
    """All of it."""
    work.register("habits", Work(HABITS.run, HABITS.next_due, order=93))
    names: Any = ArrayField(CharField(max_length=120))
    for name, label, kind, expression in (
        ("interest", "Interests", "tags", _of("interests", names, [])),
        ("heavy_user", "Heavy user", "bool", _of("heavy", BooleanField(), False)),
        ("active_days", f"Days of use in {rules.WINDOW_DAYS}", "number", _of("active_days", IntegerField(), 0)),
    ):
        filter_subjects["account"].fields.register(
            name, FilterField(label, kind, expression, group="Use of the product", order=102)
        )
    list_columns.register(
        "account.interest", ListColumn("Interests", lambda said: said, fetch=_shares, shown=False, order=21)
    )
    owned_rows.register("habits", OwnedRows("retention.UsageHabit", "account", ("", ""), _MERGE, "keep"))
    segment_ideas.register(
        "heavy-users",
        SegmentIdea(
            "Heavy users",
            "The tenth of each plan that uses the product on most days. Reward them, and learn from them.",
            {"all": [{"field": "heavy_user", "op": "is", "value": True}]}, order=30,
        ),
    )  # fmt: skip


_MERGE = Moving(_forget, _come_back)
