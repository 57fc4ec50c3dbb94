"""A day of each month has begun."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from crm.accounts.models import Account
from crm.segments.rules import day_start
from crm.web import clock
from retention.workflows import rules
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.triggers.seeing import moment_near
from retention.workflows.wording import ordinal


class MonthTrigger(Filtered):
    """A day of each month has begun: whoever is on record by then enters once for it."""

    when: Literal["month"]
    day: int = Field(1, ge=1, le=28, title="Day of the month")


def _causes(trigger: MonthTrigger, workflow: Workflow, now: datetime) -> Cause | None:
    """The month makes the key. All customers are looked at once behind the day's beginning, in this house's zone.

    A workflow that takes the current ones too has never swept: for it, the latest such day has just begun. Who comes on
    record later in the month waits for the next.
    """
    day, swept = rules.latest_of_month(trigger.day, clock.today(now)), workflow.swept_until
    begin = day_start(day, clock.zone())
    if swept and (swept >= begin or begin < (workflow.enabled_at or now)):
        return None
    cause = """
        SELECT id AS account_id, NULL::bigint AS contact_id, %s AS fact, %s::date AS anchor, %s AS due_at,
            %s::timestamptz AS at, jsonb_build_object('month', %s::text) AS facts
        FROM crm_account WHERE created_at <= %s
    """
    month, known_by = f"{day:%Y-%m}", begin if swept else now
    return Cause(cause, [f"month:{month}", clock.today(now), now, begin, month, known_by])


def _next_moment(trigger: MonthTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    """When the next such day begins in this house's zone."""
    return day_start(rules.next_of_month(trigger.day, clock.today(now)), clock.zone())


def _told(facts: dict[str, Any], today: date) -> str:
    return f"The {ordinal(facts['day'])} of a month has come: {date.fromisoformat(facts['month'] + '-01'):%B %Y}"


def _why(trigger: MonthTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    begin = day_start(rules.latest_of_month(trigger.day, clock.today(now)), clock.zone())
    known = Account.objects.filter(pk=account_id).values_list("created_at", flat=True).first()
    on = workflow.enabled_at
    return [
        Verdict("The day has come since it was switched on", moment_near(begin, now), on is None or begin >= on),
        Verdict(
            "They were on record by then", moment_near(known, now) if known else "–", bool(known and known <= begin)
        ),
    ]


trigger_kinds.register(
    "month",
    TriggerKind(
        MonthTrigger,
        "A day of each month comes", "Starts once a month for everybody whom the filter lets through.",
        "calendar", "Dates", lambda trigger: f"On the {ordinal(trigger.day)} of each month", _told, _causes,
        _next_moment, already=lambda trigger: "also for the month that runs", why=_why, order=50,
    ),
)  # fmt: skip
