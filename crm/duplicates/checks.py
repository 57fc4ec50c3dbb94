"""Who may be in the record twice: a field of customers and people, and the audit's checks of it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q

from crm.duplicates.models import PAIRS
from crm.slots import DataCheck, FilterField, data_checks, filter_subjects


def _maybe_twice(subject: str, argument: str | None, now: datetime) -> Any:
    """Whether a pair with them waits for somebody to decide."""
    pairs = PAIRS[subject].objects.waiting(now)  # type: ignore[attr-defined]  # both have PairQuerySet
    either = Q(Exists(pairs.filter(first=OuterRef("pk")))) | Q(Exists(pairs.filter(second=OuterRef("pk"))))
    return ExpressionWrapper(either, output_field=BooleanField())


def register_checks() -> None:
    for subject, group in (("account", "Customers"), ("contact", "People")):
        filter_subjects[subject].fields.register(
            "maybe_twice", FilterField("May be there twice", "bool", partial(_maybe_twice, subject))
        )
        data_checks.register(
            f"{subject}_twice",
            DataCheck(
                "who may be there twice", subject, group, {"field": "maybe_twice", "op": "is", "value": True},
                "Each half tells half the story, and both get the same mail.",
                "Look at the pairs and merge those that are one; it can be undone for 30 days.",
                mend="duplicates:list", query=f"?of={subject}", action="Look at pairs", permission="merge", weight=3,
            ),
        )  # fmt: skip
