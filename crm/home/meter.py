"""How much of what customers hear from us comes from machines: a warning before nobody talks to them any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from crm.accounts.models import Account
from crm.home import figures
from crm.outbox.models import MailPolicy
from crm.segments import filterbar
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.web import counting

#: So far back touches are counted.
DAYS = 30
_BY_MACHINE = Q(source=TimelineEntry.Source.AUTOMATIC)


@dataclass(frozen=True)
class Meter:
    """Touches of the last DAYS days, as many as are counted, by whom; and where it is too much."""

    by_people: int
    automatic: int
    most: int  # per cent, above which it is too much
    behind: str  # the filter of the list of customers for whom it is

    @property
    def touches(self) -> int:
        return self.by_people + self.automatic

    @property
    def percent(self) -> int:
        return counting.share(self.automatic, self.touches)

    @property
    def are_some(self) -> bool:
        """There are more of them than anybody counts: these are some of all."""
        return self.touches >= figures.MOST_TOUCHES

    @property
    def is_too_much(self) -> bool:
        return self.percent > self.most


def of(viewer: User, now: datetime) -> Meter:
    """Of the customers whom the viewer sees."""
    touches = figures.touches(viewer, now - timedelta(days=DAYS))
    found = touches.aggregate(people=Count("pk", filter=~_BY_MACHINE), automatic=Count("pk", filter=_BY_MACHINE))
    most = MailPolicy.the_only().automated_most
    behind = filterbar.write([
        {"field": "lifecycle", "op": "is", "value": Account.Lifecycle.CUSTOMER.value},
        {"field": "automated_share", "op": ">", "value": most},
    ])  # fmt: skip
    return Meter(found["people"], found["automatic"], most, behind)


def share(argument: str | None, now: datetime) -> Any:
    """A filter's expression: of one customer, in per cent, rounded down."""
    lately = TimelineEntry.objects.filter(account=OuterRef("pk"), occurred_at__gte=now - timedelta(days=DAYS))
    counted = (
        figures.ours(lately)
        .order_by()
        .values("account")
        .annotate(share=100 * Count("pk", filter=_BY_MACHINE) / Count("pk"))
        .values("share")
    )
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
