"""Workflows in words: what triggers, steps and waits say on pages and in explanations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.segments import filters
from retention.workflows import naming
from retention.workflows.definition import Definition, Step
from retention.workflows.kinds import step_kinds, trigger_kinds
from retention.workflows.models import Enrollment
from retention.workflows.rules import days as days

WEEKDAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip


_PLACE = re.compile(r"\{\{\s*([a-z_.]+)[^}]*\}\}|\{%.*?%\}")


@dataclass(frozen=True)
class Line:
    """A step as a page shows it: an icon, what it does, and a second sentence."""

    icon: str
    title: str
    more: str = ""


def in_words(source: str) -> str:
    """A Liquid text with its places named: “Your contract ends on [end of contract]”."""
    return _PLACE.sub(lambda found: f"[{naming.called(found[1])}]" if found[1] else "", source)


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
    if facts.get("when") == "step":
        return f"Enrolled by the workflow {facts['workflow']}"
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


def line(step: Step) -> Line:
    """A step in words."""
    return step_kinds[step.do].line(step)


def ways(step: Step) -> list[tuple[str, Sequence[Step]]]:
    """The ways that begin at a step, each with the word that stands on it; none where there is but one."""
    return [(way.word, way.steps) for way in step.ways] if any(way.steps for way in step.ways) else []


def awaits(plan: Definition, enrollment: Enrollment) -> str:
    """What one that is under way stands still for: “Onboarding” waits for the hand-off; empty if for nothing."""
    step = plan.by_id.get(enrollment.step_id)
    waits = enrollment.state == Enrollment.State.ACTIVE and enrollment.awaits_until is not None
    called = getattr(step, "called", "") if waits else ""
    return f"“{plan.name}” waits for {called}" if called else ""
