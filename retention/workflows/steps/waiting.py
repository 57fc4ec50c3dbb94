"""Waiting: for a while, until a time of day, or until a date of the customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from django.db import connection
from pydantic import Field, model_validator

from crm import slots
from crm.web.rules import local_moment
from retention.workflows import rules
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.causes import Strict
from retention.workflows.definition import Step
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on
from retention.workflows.wording import WEEKDAYS, Line, days


class WaitFor(Strict):
    """So long, and then, if `at` is given, until that time of day where the recipient is."""

    days: int = Field(0, title="Days", ge=0, le=730)
    hours: int = Field(0, title="Hours", ge=0, le=10_000)
    minutes: int = Field(0, title="Minutes", ge=0, le=10_000)
    at: time | None = Field(None, title="Then until", description="A time of day where the recipient is.")

    @property
    def rest(self) -> timedelta:
        return timedelta(hours=self.hours, minutes=self.minutes)


class WaitUntil(Strict):
    """A time of day where the recipient is: on day N (day 1 is the trigger's), on a weekday, or the next time."""

    time: Annotated[time, Field(title="Time of day", description="Where the recipient is.")]
    day: int | None = Field(None, title="On day", description="Day 1 is the trigger’s.", ge=1, le=730)
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = Field(
        None, title="On the next", json_schema_extra={"labels": {**WEEKDAYS}}
    )
    date: Annotated[str | None, Asks("date_field"), Field(title="Near a date of theirs")] = None
    offset_days: int = Field(
        0, title="Days after it", description="Below nought: so many days before it.", ge=-730, le=730
    )

    @model_validator(mode="after")
    def _one_of(self) -> WaitUntil:
        if sum(each is not None for each in (self.day, self.weekday, self.date)) > 1:
            raise ValueError("give a day, a weekday or a date, and only one of them")
        if self.offset_days and self.date is None:
            raise ValueError("offset_days counts from a `date`")
        return self


class WaitStep(Step):
    """Wait so long, or until a time of day."""

    do: Literal["wait"]
    for_: WaitFor | None = Field(None, alias="for", title="For")
    until: WaitUntil | None = Field(None, title="Until")

    @model_validator(mode="after")
    def _one_of(self) -> WaitStep:
        if (self.for_ is None) == (self.until is None):
            raise ValueError("a wait needs either `for` or `until`")
        return self

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from super().faults()
        if self.until and self.until.date and self.until.date not in slots.date_fields:
            yield "until.date", f"there is no such date; there are {', '.join(slots.date_fields.names())}"


def wait(step: WaitStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    ahead = _dates(step.until.date, enrollments) if step.until and step.until.date else {}
    for enrollment in enrollments:
        zone = batch.zone(enrollment)
        until = _end_of_wait(step, enrollment, zone)
        if step.until and step.until.date:
            moments = _moments(step.until, ahead.get(enrollment.account_id, ()), enrollment, zone)
            if not moments:
                batch.ran(enrollment, step, "Did not wait: they have no such date to come")
                go_on(step, enrollment, batch)
                continue
            until = min(moments)
        batch.ran(enrollment, step, "Waited", until=until.isoformat(), zone=zone.key)
        go_on(step, enrollment, batch)
        enrollment.due_at = until


def _end_of_wait(step: WaitStep, enrollment: Enrollment, zone: ZoneInfo) -> datetime:
    """Counted from when the wait was due to begin, so that a late worker changes nothing. It may have passed."""
    begin = enrollment.due_at
    if step.for_:
        return rules.after(begin, step.for_.days, step.for_.rest, step.for_.at, zone)
    assert step.until is not None
    if step.until.day is None:  # or a date of theirs, which comes instead
        return rules.next_time(begin, step.until.time, zone, step.until.weekday)
    anchor = enrollment.anchor or enrollment.entered_at.astimezone(zone).date()
    return local_moment(anchor + timedelta(days=step.until.day - 1), step.until.time, zone)


def _dates(field: str, enrollments: Sequence[Enrollment]) -> dict[int, list[tuple[date, int | None]]]:
    """Account id → its dates of this kind, each with the contract that it is of."""
    known = slots.date_fields.get(field)
    if known is None:
        return {}
    sql = f"SELECT account_id, day, contract_id FROM ({known.sql}) AS dates WHERE account_id = ANY(%s)"  # noqa: S608
    found: dict[int, list[tuple[date, int | None]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [[enrollment.account_id for enrollment in enrollments]])
        for account_id, day, contract_id in cursor:
            found.setdefault(account_id, []).append((day, contract_id))
    return found


def _moments(
    until: WaitUntil, dates: Sequence[tuple[date, int | None]], enrollment: Enrollment, zone: ZoneInfo
) -> list[datetime]:
    """Those to come, of the contract that made it enter if that is known and has such a date."""
    contract = enrollment.facts.get("contract")
    days_ = [day for day, of in dates if contract and of == contract] or [day for day, _ in dates]
    moments = [local_moment(day + timedelta(days=until.offset_days), until.time, zone) for day in days_]
    return [moment for moment in moments if moment >= enrollment.due_at]


def _wait_line(step: WaitStep) -> Line:
    return Line("hourglass", _wait(step).capitalize())


def _near(until: WaitUntil) -> str:
    known = slots.date_fields.get(until.date or "")
    label = known.label.lower() if known else "a date that is gone"
    if not until.offset_days:
        return f"the day of the {label}"
    return f"{days(abs(until.offset_days))} {'before' if until.offset_days < 0 else 'after'} the {label}"


def _wait(step: WaitStep) -> str:
    if step.until:
        clock = f"{step.until.time:%H:%M} where they are"
        if step.until.date:
            return f"wait until {_near(step.until)}, {clock}"
        if step.until.day:
            return f"wait until day {step.until.day}, {clock}"
        return f"wait until {WEEKDAYS[step.until.weekday]}, {clock}" if step.until.weekday else f"wait until {clock}"
    assert step.for_ is not None
    lengths = {"day": step.for_.days, "hour": step.for_.hours, "minute": step.for_.minutes}
    length = " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in lengths.items() if n) or "a moment"
    return f"wait {length}" + (f", then until {step.for_.at:%H:%M} where they are" if step.for_.at else "")


step_kinds.register(
    "wait",
    StepKind(
        WaitStep, wait, _wait_line, "Wait", "For days or hours, or until a time of day where the customer is.",
        "hourglass", "Wait", 10,
    ),
)  # fmt: skip
