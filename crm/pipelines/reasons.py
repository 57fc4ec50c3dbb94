"""Why a customer needs a human today, for their deals: one is stuck, or its expected day has passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateField, DurationField, ExpressionWrapper, F, Func, IntegerField, Value
from django.db.models.functions import Concat, Extract

from crm.pipelines.models import Deal, Outcome
from crm.slots import TodayRows, named_rows, today_rows
from crm.team.models import User
from crm.web import clock

#: From so much lateness on it cannot be more urgent.
_WORST = timedelta(days=30)


#: Between the name of a stage and the title of a deal, neither of which has a second line.
_BREAK = "\n"


def _own(viewer: User) -> Any:
    return Deal.objects.visible_to(viewer).filter(owner=viewer, outcome=Outcome.OPEN)


def late(viewer: User, now: datetime, limit: int) -> Any:
    """The viewer's own deals that should be decided by now; the number is of days."""
    today = clock.today(now)
    days = Func(Value(today, DateField()), F("expected_on"), arg_joiner=" - ", template="(%(expressions)s)",
                output_field=IntegerField())  # fmt: skip
    rows = _own(viewer).filter(expected_on__lt=today).order_by("expected_on", "id")
    return named_rows("deal", rows, limit, number=days, words=F("title"))


def stuck(viewer: User, now: datetime, limit: int) -> Any:
    """Those of the others that are stuck; the number is of days in the stage."""
    rows = _own(viewer).filter(stuck_at__lte=now).exclude(expected_on__lt=clock.today(now)).order_by("stuck_at", "id")
    words = Concat("stage__name", Value(_BREAK), "title")
    days = Extract(ExpressionWrapper(Value(now) - F("entered_at"), DurationField()), "day")
    return named_rows("deal stuck", rows, limit, number=days, moment=F("stuck_at"), words=words)


def _said_late(days: int, moment: None, title: str, now: datetime) -> tuple[str, float, str]:
    passed = timedelta(days=days)
    return f"Deal expected {_days(passed)} ago: {title}", lateness(passed), "Decide"


def _said_stuck(days: int, since: datetime, words: str, now: datetime) -> tuple[str, float, str]:
    stage, _, title = words.partition(_BREAK)
    return f"Deal stuck in {stage} for {_days(timedelta(days=days))}: {title}", lateness(now - since), "Move it on"


def _days(passed: timedelta) -> str:
    return f"{passed.days} day{'' if passed.days == 1 else 's'}"


def lateness(passed: timedelta) -> float:
    """0.4 when it has just become late, 0.8 from a month on: a sale is less pressing than a customer who waits."""
    return 0.4 + 0.4 * min(passed / _WORST, 1)


def register_reasons() -> None:
    today_rows.register("deal", TodayRows(late, _said_late, 35))
    today_rows.register("deal stuck", TodayRows(stuck, _said_stuck, 36))
