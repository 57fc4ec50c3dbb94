"""Workflows in words: what triggers, steps and waits say on pages and in explanations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import singledispatch
from typing import Any

from crm.segments import filters
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
from retention.workflows.kinds import trigger_kinds
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
    return trigger_kinds[plan.trigger.when].sentence(plan.trigger)


def who(plan: Definition) -> str:
    """Whom the trigger's filter lets through; empty for everybody."""
    tree = plan.trigger.where
    return f"Only customers where {filters.parse(tree, 'account').sentence()}" if tree else ""


def cause(facts: dict[str, Any], today: date) -> str:
    """What made one enrollment enter, from the facts kept at its entry."""
    if facts.get("when") == "hand":
        return f"Enrolled by {facts['by']}, from a list"
    if kind := trigger_kinds.get(facts.get("when", "")):
        return kind.cause(facts, today)
    return str(facts.get("text", "A fact on the timeline"))


def ordinal(day: int) -> str:
    """1st, 2nd, 3rd, 4th … 28th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
    return f"{day}{ending}"


def noticed(plan: Definition) -> str:
    """When the trigger notices what has happened, where people would not expect it; else blank."""
    return trigger_kinds[plan.trigger.when].noticed(plan.trigger)


def already(plan: Definition) -> str:
    """Whom `include_current` lets in, in words; empty where it changes nothing that people would expect."""
    return trigger_kinds[plan.trigger.when].already(plan.trigger)


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
