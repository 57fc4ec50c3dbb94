"""Waiting: for a while, until a time of day, or until something has happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from crm.web.rules import local_moment
from retention.workflows import rules
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.causes import Strict
from retention.workflows.definition import AnyStep, Step, Way
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
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = Field(None, title="On the next")

    @model_validator(mode="after")
    def _one_of(self) -> WaitUntil:
        if self.day is not None and self.weekday is not None:
            raise ValueError("give a day or a weekday, not both")
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


class AwaitStep(Step):
    """Wait until the customer's timeline has a fact of a kind; if it has none after so many days, the `late` steps."""

    do: Literal["await"]
    fact: Annotated[str, Asks("fact")] = Field(title="What must happen", min_length=1, max_length=60)
    called: str = Field(title="Called", description="Inside a sentence: “the hand-off”.", min_length=1, max_length=60)
    at_most_days: int = Field(title="Wait at most", description="Days, each of 24 hours.", ge=1, le=730)
    late: list[AnyStep] = Field(default_factory=list)

    @property
    def ways(self) -> Sequence[Way]:
        in_vain = Way(f"not there after {days(self.at_most_days)}", ("late",), self.late)
        return Way("when it is there", (), ()), in_vain


def wait(step: WaitStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    for enrollment in enrollments:
        zone = batch.zone(enrollment)
        until = _end_of_wait(step, enrollment, zone)
        batch.ran(enrollment, step, "Waited", until=until.isoformat(), zone=zone.key)
        go_on(step, enrollment, batch)
        enrollment.due_at = until


def _end_of_wait(step: WaitStep, enrollment: Enrollment, zone: ZoneInfo) -> datetime:
    """Counted from when the wait was due to begin, so that a late worker changes nothing. It may have passed."""
    begin = enrollment.due_at
    if step.for_:
        return rules.after(begin, step.for_.days, step.for_.rest, step.for_.at, zone)
    assert step.until is not None
    if step.until.day is None:
        return rules.next_time(begin, step.until.time, zone, step.until.weekday)
    anchor = enrollment.anchor or enrollment.entered_at.astimezone(zone).date()
    return local_moment(anchor + timedelta(days=step.until.day - 1), step.until.time, zone)


def await_(step: AwaitStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    """Whoever meets the fact goes on; whoever does not stays at this step until matching wakes them, or the deadline.

    The days of later steps count from the end of the wait, if there was one.
    """
    told, lasting = batch.told(step.fact), timedelta(days=step.at_most_days)
    for enrollment in enrollments:
        deadline = enrollment.awaits_until or enrollment.due_at + lasting
        begin, known = deadline - lasting, told.get(enrollment.account_id)
        if known is None and batch.now < deadline:
            enrollment.awaits_until = enrollment.due_at = deadline
            continue
        end = rules.end_of_await(enrollment.due_at, begin, deadline, known)
        _note_await(step, enrollment, batch, None if end == begin else end, came=known is not None)
        go_on(step, enrollment, batch)
        if known is None and step.late:
            enrollment.step_id = step.late[0].id
        enrollment.awaits_until, enrollment.due_at = None, end


def _note_await(step: AwaitStep, enrollment: Enrollment, batch: Batch, until: datetime | None, *, came: bool) -> None:
    if until is None:
        batch.ran(enrollment, step, f"Did not wait: {step.called} was there")
        return
    zone = batch.zone(enrollment)
    outcome = f"Waited for {step.called}" if came else f"Waited in vain for {step.called}"
    batch.ran(enrollment, step, outcome, until=until.isoformat(), zone=zone.key)
    day = until.astimezone(zone).date()
    enrollment.anchor = max(enrollment.anchor or day, day)


def _wait_line(step: WaitStep) -> Line:
    return Line("hourglass", _wait(step).capitalize())


def _wait(step: WaitStep) -> str:
    if step.until:
        clock = f"{step.until.time:%H:%M} where they are"
        if step.until.day:
            return f"wait until day {step.until.day}, {clock}"
        return f"wait until {WEEKDAYS[step.until.weekday]}, {clock}" if step.until.weekday else f"wait until {clock}"
    assert step.for_ is not None
    lengths = {"day": step.for_.days, "hour": step.for_.hours, "minute": step.for_.minutes}
    length = " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in lengths.items() if n) or "a moment"
    return f"wait {length}" + (f", then until {step.for_.at:%H:%M} where they are" if step.for_.at else "")


def _await_line(step: AwaitStep) -> Line:
    more = f"It goes on by itself when that is there, and waits {days(step.at_most_days)} at most."
    return Line("hourglass", f"Wait for {step.called}", more)


step_kinds.register(
    "wait",
    StepKind(
        WaitStep, wait, _wait_line, "Wait", "For days or hours, or until a time of day where the customer is.",
        "hourglass", "Wait", 10,
    ),
)  # fmt: skip
step_kinds.register(
    "await",
    StepKind(
        AwaitStep, await_, _await_line, "Wait for something to happen",
        "Goes on when it is there; another way if it never comes.", "hourglass", "Wait", 20,
    ),
)  # fmt: skip
