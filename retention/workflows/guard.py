"""The workflows' word at the send gate: mail that was planned for a reason which no longer holds does not leave.

What is seen is one thing, what is decided by it another: `judged` asks nothing but what was seen, and says the same
whenever it is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from crm.accounts.models import Contact
from crm.outbox.sending.letters import zone_of
from crm.slots import Passed, Refusal
from crm.web.attaching import attach
from retention.workflows import published, rules
from retention.workflows.definition import Definition, DefinitionError
from retention.workflows.experiments import holdout
from retention.workflows.leaving import Looked, leaves, look
from retention.workflows.models import Enrollment, StepRun, Workflow, listed

GUARD = "workflow"

#: Mail of a paused workflow waits, and asks again so much later.
ASK_AGAIN = timedelta(hours=1)

TAKEN_OUT = "the step was taken out of the workflow, and the customer moved to its new version"


def refuse(messages: Sequence[Any], now: datetime) -> Mapping[int, Refusal]:
    """Only the refusals of what it has to `say`."""
    return {pk: said for pk, said in say(messages, now).items() if isinstance(said, Refusal)}


def say(messages: Sequence[Any], now: datetime) -> Mapping[int, Refusal | Passed]:
    """Refusals for messages of workflows that are off, paused or unreadable, or that the customer has left meanwhile,
    and of those who are held out; with what was seen, also of those that pass.

    Called inside the sending transaction, which holds the gate: whoever switches a workflow off closes it first.
    """
    wanted = {message.origin_id: message for message in messages if message.origin == "workflow"}
    runs = list(StepRun.objects.filter(pk__in=listed(list(wanted))).select_related("enrollment"))
    attach([run.enrollment for run in runs], "workflow")  # many are of few workflows
    found = _seen(runs, wanted, now)
    return {pk: judged(facts, now) or Passed(GUARD, facts) for pk, facts in found.items()}


def judged(facts: Mapping[str, Any], now: datetime) -> Refusal | None:
    """What is decided by what was seen at that moment."""
    name = f"the workflow “{facts['name']}”"
    if facts["is"] == Workflow.State.OFF:
        return _no(f"{name} was switched off", facts)
    if facts["is"] == Workflow.State.PAUSED:
        return _no(f"{name} is paused", facts, now + ASK_AGAIN)
    if facts["held"]:
        return _no(f"they are paused in {name}", facts, now + ASK_AGAIN)
    if facts["held_out"]:
        return Refusal(holdout.GUARD, holdout.of_one(facts["name"]), facts)
    if facts["state"] in (Enrollment.State.EXITED, Enrollment.State.REACHED):
        return _no(f"the customer left the workflow: {facts['because']}", facts)
    try:
        plan = published.of_version(facts["version"])
    except DefinitionError as error:  # after an upgrade; the mail waits until somebody has mended or ended it
        return _no(f"its workflow cannot be read: {error}", facts, now + ASK_AGAIN)
    if left := leaves(plan, Looked(**facts["looked"]), now):
        return _no(left.because, facts)
    if facts["step"] not in plan.by_id:  # they were moved to a version without it, before it could leave
        return _no(TAKEN_OUT, facts)
    return _outside_hours(plan, facts, now)


def _outside_hours(plan: Definition, facts: Mapping[str, Any], now: datetime) -> Refusal | None:
    """Mail to customers may leave at the hours of its workflow only, where its reader is; until then it waits."""
    hours, zone = plan.hours, facts.get("zone")  # decisions from before there were hours have none
    if hours is None or not zone:
        return None
    until = rules.allowed_from(now, ZoneInfo(zone), hours.from_, hours.to, hours.weekdays)
    reason = f"The workflow “{facts['name']}” writes at certain hours only. {hours.sentence}"
    return Refusal("hours", reason, facts, until) if until else None


def held_out(facts: Mapping[str, Any], now: datetime) -> Refusal | None:
    """As `judged`, of a group that is held out: of one workflow, or of everything."""
    return holdout.judged(facts, now) if "of" in facts else judged(facts, now)


def _no(reason: str, facts: Mapping[str, Any], until: datetime | None = None) -> Refusal:
    return Refusal(GUARD, reason, facts, until)


def _seen(runs: Sequence[StepRun], wanted: Mapping[int, Any], now: datetime) -> dict[int, dict[str, Any]]:
    """By message; of whoever may have left meanwhile also what was asked before the step, asked again: quiet hours or
    the cap may have kept the mail waiting for days."""
    looked: dict[int, Looked] = {}
    in_order = sorted((run.enrollment for run in runs), key=lambda one: one.version_id)
    for version_id, group in groupby(in_order, key=lambda one: one.version_id):
        if plan := published.readable(version_id):
            open_ = (Enrollment.State.ACTIVE, Enrollment.State.DONE, Enrollment.State.PARKED)
            standing = {one.pk: one for one in group if one.workflow.state == Workflow.State.ON and one.state in open_}
            looked |= look(plan, list(standing.values()), now)
    found = {wanted[run.pk].pk: _facts(run, wanted[run.pk], looked.get(run.enrollment_id)) for run in runs}
    for pk, zone in _zones([(run, wanted[run.pk]) for run in runs]).items():
        found[pk]["zone"] = zone
    return found


def _zones(pairs: Sequence[tuple[StepRun, Any]]) -> dict[int, str]:
    """By message to a customer whose workflow knows hours: the zone of its reader."""
    bound = []
    for run, message in pairs:
        plan = published.readable(run.enrollment.version_id) if message.user_id is None else None
        if plan and plan.hours:
            bound.append(message)
    asked = {message.contact_id for message in bound if message.contact_id}
    readers = Contact.objects.in_bulk(asked) if asked else {}
    return {message.pk: zone_of(readers.get(message.contact_id), message.account).key for message in bound}


def _facts(run: StepRun, message: Any, looked: Looked | None) -> dict[str, Any]:
    enrollment = run.enrollment
    return {
        "enrollment": enrollment.pk, "workflow": enrollment.workflow.slug, "name": enrollment.workflow.name,
        "is": enrollment.workflow.state, "held": bool(enrollment.held),
        "held_out": enrollment.held_out and not holdout.spares(message), "state": enrollment.state,
        "because": enrollment.ended_because, "version": enrollment.version_id, "step": run.step_id,
        "looked": asdict(looked or Looked()),
    }  # fmt: skip
