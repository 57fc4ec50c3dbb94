"""Why a customer needs a human today, for their deals: one is stuck, or its expected day has passed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from crm.pipelines.models import Deal, Outcome
from crm.slots import TodayReason, today_reasons
from crm.team.models import User
from crm.web import clock

#: From so much lateness on it cannot be more urgent.
_WORST = timedelta(days=30)


def waiting(viewer: User, now: datetime, limit: int) -> Iterator[tuple[int, str, float, str]]:
    """The viewer's own deals that should be decided by now, or are stuck."""
    rows: Any = Deal.objects.visible_to(viewer).filter(owner=viewer, outcome=Outcome.OPEN)
    today = clock.today(now)
    late = rows.filter(expected_on__lt=today).order_by("expected_on", "id").values_list(*_FIELDS)[:limit]
    stuck = rows.filter(stuck_at__lte=now).exclude(expected_on__lt=today).order_by("stuck_at", "id")
    for account, title, stage, expected_on, entered_at, stuck_at in late.union(stuck.values_list(*_FIELDS)[:limit]):
        if expected_on and expected_on < today:
            passed = today - expected_on
            yield account, f"Deal expected {_days(passed)} ago: {title}", lateness(passed), "Decide"
        else:
            words = f"Deal stuck in {stage} for {_days(now - entered_at)}: {title}"
            yield account, words, lateness(now - stuck_at), "Move it on"


_FIELDS = ("account_id", "title", "stage__name", "expected_on", "entered_at", "stuck_at")


def _days(passed: timedelta) -> str:
    return f"{passed.days} day{'' if passed.days == 1 else 's'}"


def lateness(passed: timedelta) -> float:
    """0.4 when it has just become late, 0.8 from a month on: a sale is less pressing than a customer who waits."""
    return 0.4 + 0.4 * min(passed / _WORST, 1)


def register_reasons() -> None:
    today_reasons.register("deal", TodayReason(waiting, 35))
