"""How many are where: counts for the pages, each bounded so that a page never counts a million rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from crm.outbox.models import OutboundMessage
from retention.workflows.models import Enrollment, Workflow

#: Beyond this a page says “10,000+”.
MOST = 10_000
RECENT = timedelta(days=30)


@dataclass(frozen=True)
class Figures:
    """Of one workflow; a figure of MOST + 1 means more."""

    under_way: int
    entered_lately: int
    sent: int
    held_back: int
    uncertain: int
    parked: int


def of(workflow: Workflow, now: datetime) -> Figures:
    """Six index look-ups, none of which reads more than MOST rows."""
    enrollments = Enrollment.objects.filter(workflow=workflow)
    messages = OutboundMessage.objects.filter(series=workflow.slug)
    latest = enrollments.filter(entered_at__gte=now - RECENT)
    return Figures(
        under_way=_bounded(enrollments.filter(state=Enrollment.State.ACTIVE)),
        entered_lately=_bounded(latest),
        sent=_bounded(messages.filter(state=OutboundMessage.State.SENT)),
        held_back=_bounded(messages.filter(state=OutboundMessage.State.SKIPPED)),
        uncertain=_bounded(messages.filter(state=OutboundMessage.State.UNCERTAIN)),
        parked=_bounded(enrollments.filter(state=Enrollment.State.PARKED)),
    )


def standing_at(workflow: Workflow) -> dict[str, int]:
    """Step id → how many wait for it, among the MOST latest under way."""
    latest = Enrollment.objects.filter(workflow=workflow, state=Enrollment.State.ACTIVE).order_by("-id")[:MOST]
    counted = Enrollment.objects.filter(pk__in=latest.values("pk")).order_by().values_list("step_id")
    return dict(counted.annotate(how_many=Count("pk")))


def _bounded(rows: QuerySet) -> int:  # type: ignore[type-arg]
    return rows.order_by().values("pk")[: MOST + 1].count()
