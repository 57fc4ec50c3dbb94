"""The workflows' word at the send gate: mail that was planned for a reason which no longer holds does not leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from crm.accounts.models import Contact
from crm.outbox.sending.letters import zone_of
from crm.slots import Refusal
from retention.workflows import published, rules
from retention.workflows.definition import DefinitionError
from retention.workflows.experiments import holdout
from retention.workflows.leaving import who_leaves
from retention.workflows.models import Enrollment, StepRun, Workflow
from retention.workflows.policies import Hours

#: Mail of a paused workflow waits, and asks again so much later.
ASK_AGAIN = timedelta(hours=1)

TAKEN_OUT = "the step was taken out of the workflow, and the customer moved to its new version"


def refuse(messages: Sequence[Any], now: datetime) -> Mapping[int, Refusal]:
    """Refusals for messages of workflows that are off, paused or unreadable, or that the customer has left meanwhile.

    Called inside the sending transaction, which holds the gate: whoever switches a workflow off closes it first.
    """
    wanted = {message.origin_id: message.pk for message in messages if message.origin == "workflow"}
    of = {message.pk: message for message in messages}
    runs = StepRun.objects.filter(pk__in=wanted).select_related("enrollment__workflow")
    refusals: dict[int, Refusal] = {}
    undecided: list[tuple[int, Enrollment, str]] = []
    for run in runs:
        message, enrollment = wanted[run.pk], run.enrollment
        if enrollment.workflow.state == Workflow.State.OFF:
            refusals[message] = _no(f"the workflow “{enrollment.workflow}” was switched off", enrollment)
        elif enrollment.workflow.state == Workflow.State.PAUSED:
            paused = _no(f"the workflow “{enrollment.workflow}” is paused", enrollment)
            refusals[message] = replace(paused, until=now + ASK_AGAIN)
        elif enrollment.held_out and not holdout.spares(of[message]):
            group = {"enrollment": enrollment.pk, "workflow": enrollment.workflow.slug, "group": "workflow"}
            refusals[message] = Refusal(holdout.GUARD, holdout.of_one(enrollment.workflow.name), group)
        elif enrollment.state in (Enrollment.State.EXITED, Enrollment.State.REACHED):
            refusals[message] = _no(f"the customer left the workflow: {enrollment.ended_because}", enrollment)
        elif enrollment.held:
            still = _no(f"they are paused in the workflow “{enrollment.workflow}”", enrollment)
            refusals[message] = replace(still, until=now + ASK_AGAIN)
        else:
            undecided.append((message, enrollment, run.step_id))
    refusals |= _left_meanwhile(undecided, now)
    staying = [(message, enrollment) for message, enrollment, _ in undecided if message not in refusals]
    return refusals | _outside_hours(staying, messages, now)


def _left_meanwhile(undecided: list[tuple[int, Enrollment, str]], now: datetime) -> dict[int, Refusal]:
    """Asked again what was asked before the step: quiet hours or the cap may have kept the mail waiting for days."""
    refusals: dict[int, Refusal] = {}
    undecided.sort(key=lambda one: one[1].version_id)
    for version_id, group in groupby(undecided, key=lambda one: one[1].version_id):
        asked = list(group)
        try:
            definition = published.of_version(version_id)
        except DefinitionError as error:  # after an upgrade; the mail waits until somebody has mended or ended it
            for message, enrollment, _ in asked:
                unread = _no(f"its workflow cannot be read: {error}", enrollment)
                refusals[message] = replace(unread, until=now + ASK_AGAIN)
            continue
        leaving = who_leaves(definition, [enrollment for _, enrollment, _ in asked], now)
        for message, enrollment, step_id in asked:
            if left := leaving.get(enrollment.pk):
                refusals[message] = _no(left.because, enrollment, left.seen)
            elif step_id not in definition.by_id:  # they were moved to a version without it, before it could leave
                refusals[message] = _no(TAKEN_OUT, enrollment)
    return refusals


def _outside_hours(
    pairs: Sequence[tuple[int, Enrollment]], messages: Sequence[Any], now: datetime
) -> dict[int, Refusal]:
    """Mail to customers that may leave only later, by the hours of its workflow."""
    letters = {message.pk: message for message in messages if message.user_id is None}
    bound = [(letters[pk], one, hours) for pk, one in pairs if pk in letters and (hours := _hours(one))]
    readers = Contact.objects.in_bulk({letter.contact_id for letter, *_ in bound if letter.contact_id}) if bound else {}
    refusals: dict[int, Refusal] = {}
    for letter, enrollment, hours in bound:
        zone = zone_of(readers.get(letter.contact_id), letter.account)
        if until := rules.allowed_from(now, zone, hours.from_, hours.to, hours.weekdays):
            facts = {"zone": zone.key, "enrollment": enrollment.pk, "workflow": enrollment.workflow.slug}
            reason = f"The workflow “{enrollment.workflow}” writes at certain hours only. {hours.sentence}"
            refusals[letter.pk] = Refusal("hours", reason, facts, until)
    return refusals


def _hours(enrollment: Enrollment) -> Hours | None:
    """None also for a version that cannot be read: what to do with that has been said."""
    plan = published.readable(enrollment.version_id)
    return plan.hours if plan else None


def _no(reason: str, enrollment: Enrollment, seen: dict[str, str] | None = None) -> Refusal:
    return Refusal(
        "workflow", reason, {"enrollment": enrollment.pk, "workflow": enrollment.workflow.slug, **(seen or {})}
    )
