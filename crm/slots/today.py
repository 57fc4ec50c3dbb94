"""Why a customer needs somebody today, as rooms below Today know it: rows of theirs, all found in one statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, DateTimeField, F, FloatField, QuerySet, Value
from django.db.models.functions import Cast

from crm.slots.registry import Registry


@dataclass(frozen=True)
class TodayRows:
    """A reason, found in one statement with all others. `rows(viewer, now, limit)` gives what `named_rows` makes, or
    `crm.home.reasons.ranked`, the worst first; `told(number, moment, words, now)` what is said of one: a sentence, its
    urgency 0…1 (None: as the rows say), and an action word."""

    rows: Callable[[Any, datetime, int], QuerySet[Any, Any]]
    told: Callable[[int, Any, str, datetime], tuple[str, float | None, str]]
    order: int = 0


today_rows: Registry[TodayRows] = Registry("rows of a reason for Today")


def named_rows(
    name: str, rows: QuerySet[Any], limit: int, *, number: Any = 0, moment: Any = None, words: Any
) -> QuerySet[Any, Any]:  # fmt: skip
    """Of rows with an account: a number, a moment and words, as `told` wants them."""
    urgency, at = Cast(Value(None), FloatField()), Cast(moment, DateTimeField())
    found: Any = rows.annotate(
        reason_=Value(name), whose=F("account_id"), number_=Cast(number, BigIntegerField()), urgency_=urgency,
        moment_=at, words_=Cast(words, CharField()),
    )  # fmt: skip
    told: QuerySet[Any, Any] = found.values_list("reason_", "whose", "number_", "urgency_", "moment_", "words_")[:limit]
    return told
