"""A date of the customer comes near: the end of a contract, the end of a card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from django.db import connection
from pydantic import Field, field_validator

from crm import slots
from crm.web import clock
from crm.web.wording import day_near
from retention.workflows import rules
from retention.workflows.asking import Asks
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, Verdict, trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.triggers.stretch import OVERLAP
from retention.workflows.wording import days


class DateTrigger(Filtered):
    """A date of the customer comes near: `offset_days` before (negative) or after it."""

    when: Literal["date"]
    field: Annotated[str, Asks("date_field")] = Field(title="Which date")
    offset_days: int = Field(
        0, ge=-730, le=730, title="Days after it", description="0: on the day itself; −30: thirty days before it."
    )

    @field_validator("field")
    @classmethod
    def _field_exists(cls, name: str) -> str:
        if name not in slots.date_fields:
            raise ValueError(f"no such date; there are {', '.join(slots.date_fields.names())}")
        return name


def _causes(trigger: DateTrigger, workflow: Workflow, now: datetime) -> Cause:
    """The day must not have been over when its date became known, nor when the workflow was switched on.

    A workflow that takes the current ones too has never swept: whoever is between the trigger's day and the date
    itself enters, and their day 1 is today.
    """
    offset = timedelta(days=trigger.offset_days)
    today, last, swept = clock.today(now), rules.last_day_begun(now), workflow.swept_until
    cause = f"""
        SELECT account_id, contact_id, fact, greatest(day + %s, %s) AS anchor, %s AS due_at,
            (day + %s)::timestamp AT TIME ZONE %s AS at,
            jsonb_build_object('day', day, 'contract', contract_id) AS facts
        FROM ({slots.date_fields[trigger.field].sql}) AS dates
        WHERE day <= %s AND day >= %s AND (%s OR (known_at AT TIME ZONE %s)::date <= day + %s)
    """  # noqa: S608 (SQL of a registered room, never of a user)
    if swept is None:
        first, earliest_anchor = min(today, last - offset), today
    else:
        first = max(clock.today(swept - OVERLAP), clock.today(workflow.enabled_at)) - offset
        earliest_anchor = date.min
    behind, zone = trigger.offset_days, str(clock.zone())
    stretch = [last - offset, first, swept is None, zone, behind]
    return Cause(cause, [behind, earliest_anchor, now, behind, zone, *stretch])


def _next_moment(trigger: DateTrigger, workflow: Workflow, now: datetime) -> datetime | None:
    """When the next calendar day begins somewhere."""
    tomorrow = rules.last_day_begun(now) + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC) - rules.EARLIEST_DAWN


def _standing(trigger: DateTrigger, entered: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Asked before each step: whoever entered because of a date that has been changed or taken back leaves."""
    sql = f"SELECT account_id, fact FROM ({slots.date_fields[trigger.field].sql}) AS dates WHERE account_id = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [[account_id for account_id, _ in entered]])
        return set(cursor.fetchall())


def _sentence(trigger: DateTrigger) -> str:
    label = slots.date_fields[trigger.field].label.lower()
    if trigger.offset_days == 0:
        return f"On the day of the {label}"
    side = "before" if trigger.offset_days < 0 else "after"
    return f"{days(abs(trigger.offset_days)).capitalize()} {side} the {label}"


def _told(facts: dict[str, Any], today: date) -> str:
    label = slots.date_fields[facts["field"]].label
    return f"{label}: {day_near(date.fromisoformat(facts['day']), today)}"


def _already(trigger: DateTrigger) -> str:
    before = -trigger.offset_days
    return f"also for customers already in the {days(before)} before" if before > 0 else ""


def _why(trigger: DateTrigger, workflow: Workflow, account_id: int, now: datetime) -> list[Verdict]:
    """Each such date of the account, and whether its day has come."""
    field, today, offset = slots.date_fields[trigger.field], clock.today(now), timedelta(days=trigger.offset_days)
    sql = f"SELECT day FROM ({field.sql}) AS dates WHERE account_id = %s ORDER BY day DESC LIMIT 5"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [account_id])
        found: list[date] = [day for (day,) in cursor.fetchall()]
    if not found:
        return [Verdict(f"{field.label} is known", "–", False)]
    since = clock.today(workflow.enabled_at) if workflow.enabled_at else date.min
    return [
        Verdict(f"{field.label}: its day has come since the workflow was switched on", day_near(day + offset, today),
                since <= day + offset <= today)
        for day in found
    ]  # fmt: skip


trigger_kinds.register(
    "date",
    TriggerKind(
        DateTrigger,
        "A date comes near", "Starts some days before or after a date on record, such as the end of a contract.",
        "calendar-days", "Dates", _sentence, _told, _causes, _next_moment, standing=_standing, already=_already,
        why=_why, order=20,
    ),
)  # fmt: skip
