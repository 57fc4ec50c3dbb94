"""Workflows in words: what triggers, steps and waits say on pages and in explanations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import singledispatch
from typing import Any

from crm import slots
from crm.segments import filters
from crm.segments.models import Segment
from crm.web.wording import day_near
from retention.workflows.causes import DateTrigger, FactTrigger, MonthTrigger, SegmentTrigger, SilenceTrigger
from retention.workflows.definition import (
    AwaitStep,
    BranchStep,
    Definition,
    EndStep,
    MessageStep,
    NotifyStep,
    SetStep,
    TaskStep,
    WaitStep,
)
from retention.workflows.models import Enrollment

_WEEKDAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip


#: What a mail's places are called where people read about the mail and not the mail itself.
_PLACES = {
    "contact.first_name": "first name", "contact.name": "name", "account.name": "customer",
    "account.use_case": "use case", "owner.name": "owner", "contract.plan": "plan",
    "contract.ends_on": "end of contract", "contract.starts_on": "start of contract",
}  # fmt: skip
_PLACE = re.compile(r"\{\{\s*([a-z_.]+)[^}]*\}\}|\{%.*?%\}")


@dataclass(frozen=True)
class Line:
    """A step as a page shows it: an icon, what it does, and a second sentence."""

    icon: str
    title: str
    more: str = ""


def days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def in_words(source: str) -> str:
    """A Liquid text with its places named: “Your contract ends on [end of contract]”."""
    return _PLACE.sub(
        lambda found: f"[{_PLACES.get(found[1], found[1].rpartition('.')[2].replace('_', ' '))}]" if found[1] else "",
        source,
    )


def trigger_sentence(plan: Definition) -> str:
    return _trigger(plan.trigger)


def who(plan: Definition) -> str:
    """Whom the trigger's filter lets through; empty for everybody."""
    tree = plan.trigger.where
    return f"Only customers where {filters.parse(tree, 'account').sentence()}" if tree else ""


def cause(facts: dict[str, Any], today: date) -> str:
    """What made one enrollment enter, from the facts kept at its entry."""
    if facts.get("when") == "silence":
        since = datetime.fromisoformat(facts["silent_since"])
        return f"Silent for {days(facts['days'])}, since {day_near(since.date(), today)}"
    if facts.get("when") == "date":
        label = slots.date_fields[facts["field"]].label
        return f"{label}: {day_near(date.fromisoformat(facts['day']), today)}"
    if facts.get("when") == "segment":
        return _of_segment(facts, today)
    if facts.get("when") == "month":
        return f"The {_ordinal(facts['day'])} of a month has come: {date.fromisoformat(facts['month'] + '-01'):%B %Y}"
    if facts.get("when") == "hand":
        return f"Enrolled by {facts['by']}, from a list"
    return str(facts.get("text", "A fact on the timeline"))


def _of_segment(facts: dict[str, Any], today: date) -> str:
    moment = facts.get("at") or facts.get("since")
    when = day_near(datetime.fromisoformat(moment).date(), today) if moment else ""
    if "since" in facts:
        return f"In the segment “{facts['name']}”" + (f" since {when}" if when else "")
    return f"{'Came into' if facts['moves'] == 'in' else 'Went out of'} the segment “{facts['name']}” on {when}"


@singledispatch
def _trigger(trigger: Any) -> str:
    raise TypeError(trigger)


@_trigger.register
def _(trigger: FactTrigger) -> str:
    return f"When “{trigger.kind.replace('.', ' ').replace('_', ' ')}” happens"


@_trigger.register
def _(trigger: DateTrigger) -> str:
    label = slots.date_fields[trigger.field].label.lower()
    if trigger.offset_days == 0:
        return f"On the day of the {label}"
    side = "before" if trigger.offset_days < 0 else "after"
    return f"{days(abs(trigger.offset_days)).capitalize()} {side} the {label}"


@_trigger.register
def _(trigger: MonthTrigger) -> str:
    return f"On the {_ordinal(trigger.day)} of each month"


def _ordinal(day: int) -> str:
    """1st, 2nd, 3rd, 4th … 28th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
    return f"{day}{ending}"


@_trigger.register
def _(trigger: SilenceTrigger) -> str:
    return f"When a customer has been silent for {days(trigger.days)}"


@_trigger.register
def _(trigger: SegmentTrigger) -> str:
    segment = Segment.objects.filter(pk=trigger.segment).first()
    way = "comes into" if trigger.moves == "in" else "goes out of"
    return f"When a customer {way} the segment “{segment or 'that is gone'}”"


def noticed(plan: Definition) -> str:
    """When the trigger notices what has happened, where people would not expect it; else blank."""
    if not isinstance(plan.trigger, SegmentTrigger):
        return ""
    segment = Segment.objects.filter(pk=plan.trigger.segment).first()
    if segment is None or segment.is_static:
        return ""
    return "Who is in a dynamic segment is counted each night, so it starts with the count after."


@singledispatch
def line(step: Any) -> Line:
    """A step in words."""
    raise TypeError(step)


@line.register
def _(step: MessageStep) -> Line:
    late = f"Not sent when more than {days(step.late_after_days)} late."
    return Line("mail", f"Send “{in_words(step.subject)}”", f"A {step.category} mail to the customer. {late}")


@line.register
def _(step: NotifyStep) -> Line:
    return Line("bell", f"Tell the owner: “{in_words(step.subject)}”", "A mail to the account manager.")


@line.register
def _(step: WaitStep) -> Line:
    return Line("hourglass", _wait(step).capitalize())


@line.register
def _(step: AwaitStep) -> Line:
    more = f"It goes on by itself when that is there, and waits {days(step.at_most_days)} at most."
    return Line("hourglass", f"Wait for {step.called}", more)


@line.register
def _(step: BranchStep) -> Line:
    return Line("split", f"If {filters.parse(step.if_, 'account').sentence()}")


@line.register
def _(step: TaskStep) -> Line:
    when = "today" if step.due_in_days == 0 else f"in {days(step.due_in_days)}"
    return Line(
        "square-check",
        f"Task for the owner: “{in_words(step.title)}”",
        f"Due {when}. Without an owner it goes to the admins.",
    )


@line.register
def _(step: SetStep) -> Line:
    words = [f"add the tag “{tag}”" for tag in step.add_tags] + [
        f"take off the tag “{tag}”" for tag in step.remove_tags
    ]
    return Line("tag", ", ".join(words).capitalize() or "Change nothing")


@line.register
def _(step: EndStep) -> Line:
    return Line("flag", "End", step.because)


def ways(step: Any) -> list[tuple[str, list[Any]]]:
    """The ways that begin at a step, each with the word that stands on it; none where there is but one."""
    if isinstance(step, BranchStep):
        return [("yes", step.then), ("no", step.else_)]
    if isinstance(step, AwaitStep) and step.late:
        return [("when it is there", []), (f"not there after {days(step.at_most_days)}", step.late)]
    return []


def awaits(plan: Definition, enrollment: Enrollment) -> str:
    """What one that is under way stands still for: “Onboarding waits for the hand-off”; empty if for nothing."""
    step = plan.by_id.get(enrollment.step_id)
    waits = enrollment.state == Enrollment.State.ACTIVE and enrollment.awaits_until is not None
    return f"{plan.name} waits for {step.called}" if waits and isinstance(step, AwaitStep) else ""


def _wait(step: WaitStep) -> str:
    if step.until:
        clock = f"{step.until.time:%H:%M} where they are"
        if step.until.day:
            return f"wait until day {step.until.day}, {clock}"
        return f"wait until {_WEEKDAYS[step.until.weekday]}, {clock}" if step.until.weekday else f"wait until {clock}"
    assert step.for_ is not None
    lengths = {"day": step.for_.days, "hour": step.for_.hours, "minute": step.for_.minutes}
    length = " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in lengths.items() if n) or "a moment"
    return f"wait {length}" + (f", then until {step.for_.at:%H:%M} where they are" if step.for_.at else "")
