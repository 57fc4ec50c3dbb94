"""Why customers leave, ranked, and what kept those who wanted to: each figure with the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from crm.leaving import rules
from crm.leaving.models import LeavingAnswer
from crm.ledger.models import Cancellation, CustomerSpan
from crm.web.counting import share
from crm.web.pagination import Sort

#: So long somebody must stay for an offer to have kept them.
STAYED_DAYS = 90
#: Offers of so many days are looked at, the youngest of which have had their 90 days.
LOOKED_BACK = 365
PERIODS = (30, 90, 365)
#: Of fewer who left a share is chance: the page says how many, and no per cent of them.
FEW = 10
LATEST = Sort("asked_on", descending=True)
GONE = Sort("ends_on", descending=True)


@dataclass(frozen=True)
class Reason:
    """How many gave it; `share` of all who left, in whole per cent."""

    id: int
    name: str
    count: int
    share: int


@dataclass(frozen=True)
class Kept:
    """How an offer did. `stayed` of `judged`: of those whose 90 days are over, and so many were customers then."""

    kind: str
    label: str
    offered: int
    taken: int
    stayed: int
    judged: int


def left(viewer: Any, days: int, today: date) -> QuerySet[Cancellation]:
    """Who gave notice within the last `days` days, today included, and has not taken it back."""
    rows: Any = Cancellation.objects.visible_to(viewer)
    return rows.filter(  # type: ignore[no-any-return]
        saved_by=None, withdrawn_on=None, asked_on__gt=today - timedelta(days=days), asked_on__lte=today
    )


def unannounced(viewer: Any, days: int, today: date) -> QuerySet[CustomerSpan]:
    """Last spans of customers that ended within the last `days` days, today included, and of whom nobody had given
    notice: they simply were not renewed, or did not pay."""
    rows: Any = CustomerSpan.objects.visible_to(viewer)
    later = CustomerSpan.objects.filter(account=OuterRef("account_id"), starts_on__gte=OuterRef("ends_on"))
    notices = Cancellation.objects.filter(account=OuterRef("account_id"), saved_by=None, withdrawn_on=None)
    said = notices.filter(asked_on__lte=OuterRef("ends_on"), effective_on__gte=OuterRef("starts_on"))
    return rows.filter(  # type: ignore[no-any-return]
        ~Exists(later), ~Exists(said), ends_on__gt=today - timedelta(days=days), ends_on__lte=today
    )


def reasons(viewer: Any, days: int, today: date) -> Sequence[Reason]:
    """The most frequent first; those that nobody gave are left out."""
    rows = left(viewer, days, today).values("reason_id", "reason__name").annotate(many=Count("pk"))
    found = list(rows.order_by("-many", "reason__name", "reason_id"))
    total = sum(row["many"] for row in found)
    return [
        Reason(row["reason_id"], row["reason__name"], row["many"], share(row["many"], total)) for row in found
    ]  # fmt: skip


def saved(viewer: Any, kind: str, today: date) -> QuerySet[Cancellation]:
    """Whom a pause or a discount kept, on the page or in a talk, whose 90 days are over."""
    rows: Any = Cancellation.objects.visible_to(viewer)
    last = today - timedelta(days=STAYED_DAYS)
    return rows.filter(  # type: ignore[no-any-return]
        saved_by=kind, asked_on__gt=last - timedelta(days=LOOKED_BACK), asked_on__lte=last
    )


def stayed() -> Exists:
    """Whether somebody was still a customer 90 days after they had been kept."""
    day = ExpressionWrapper(OuterRef("asked_on") + timedelta(days=STAYED_DAYS), DateField())
    spans = CustomerSpan.objects.filter(account=OuterRef("account_id")).annotate(judged_on=day)
    return Exists(spans.filter(Q(ends_on=None) | Q(ends_on__gt=F("judged_on")), starts_on__lte=F("judged_on")))


def kept(viewer: Any, days: int, today: date) -> Sequence[Kept]:
    """How each kind of offer did in the period; three queries."""
    within = {"asked_on__gt": today - timedelta(days=days), "asked_on__lte": today}
    answers: Any = LeavingAnswer.objects.visible_to(viewer)
    rows = answers.filter(**within).exclude(offered="").values_list("offered").annotate(
        many=Count("pk"), taken=Count("pk", filter=Q(took=F("offered")))
    )  # fmt: skip
    offered = {kind: (many, taken) for kind, many, taken in rows.order_by()}
    cancellations: Any = Cancellation.objects.visible_to(viewer)
    by_us = dict(
        cancellations.filter(**within, saved_by__isnull=False).values_list("saved_by").annotate(many=Count("pk"))
    )
    old = cancellations.filter(
        saved_by__isnull=False, asked_on__lte=today - timedelta(days=STAYED_DAYS),
        asked_on__gt=today - timedelta(days=STAYED_DAYS + LOOKED_BACK),
    ).annotate(still=stayed())  # fmt: skip
    judged = {
        kind: (still, many)
        for kind, many, still in old.values_list("saved_by").annotate(
            many=Count("pk"), kept=Count("pk", filter=Q(still=True))
        )
    }
    lines = []
    for kind, label in rules.OFFERS.items():
        many, taken = offered.get(kind, (0, 0))
        if kind in rules.LIMITED:  # also what colleagues offered and agreed in a talk
            many, taken = many + max(by_us.get(kind, 0) - taken, 0), by_us.get(kind, 0)
        still, of = judged.get(kind, (0, 0))
        lines.append(Kept(kind, label, many, taken, still, of))
    return lines
