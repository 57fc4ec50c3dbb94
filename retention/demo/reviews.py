"""The demo’s monthly reviews: what the walk has counted knows the whole story by now; Mira gets the next by mail."""

from __future__ import annotations

from datetime import datetime

from crm.team.models import User
from retention.reports.actions import subscribe
from retention.reports.models import MonthlyReview
from retention.reports.reading import facts, kept


def tell(ours: dict[str, int], now: datetime) -> None:
    for review in MonthlyReview.objects.all():
        review.facts = kept(facts(review.month, now))
        review.save(update_fields=["facts"])
    subscribe(User.objects.get(pk=ours["mira"]), now)
