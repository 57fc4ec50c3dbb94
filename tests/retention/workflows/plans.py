"""Workflows that several tests publish, and how they run."""

from datetime import timedelta

from crm import slots
from crm.management.commands.tick import Walk as Ticks
from crm.web import clock
from retention.workflows import actions, definition
from retention.workflows.models import Workflow, WorkflowVersion

DAY = timedelta(days=1)
TASK = {"id": "call", "do": "task", "title": "Call {{ account.name }}", "due_in_days": 1}
MAIL = {"id": "hello", "do": "message", "subject": "Hello {{ contact.first_name }}", "body": "Hi"}
AT_NINE = {"id": "morning", "do": "wait", "until": {"day": 1, "time": "09:00"}}
WON = {"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [TASK]}


def silent(days: int = 14, **more):
    """A task after so many days of silence."""
    return {"trigger": {"when": "silence", "days": days, **more}, "steps": [TASK]}


def reminder(**more):
    """A mail thirty days before a contract ends."""
    steps = [AT_NINE, {**MAIL, "subject": "Ends {{ contract.ends_on }} ({{ contract.plan }})"}]
    return {"trigger": {"when": "date", "field": "contract.ends_on", "offset_days": -30}, "steps": steps, **more}


def published_at(now, data, slug="test"):
    """A workflow from plain data, switched on at this moment."""
    plan = definition.parse({"name": slug.capitalize(), **data})
    workflow = Workflow.objects.create(
        slug=slug, name=plan.name, state=Workflow.State.ON, enabled_at=now, swept_until=now
    )
    dumped = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    workflow.version = WorkflowVersion.objects.create(workflow=workflow, number=1, definition=dumped)
    workflow.save()
    return workflow


def really_until(end, start):
    """Do what falls due until then, each at its moment, mail included."""
    ticks = Ticks()
    ticks.kinds = [(name, kind) for name, kind in slots.work.items() if name in ("workflows", "outbox")]
    ticks.to(end, start=start)


def work_at(moment):
    """Do all that is due in the workflows at this moment, as workers do."""
    with clock.travelling(moment):
        while actions.work(moment):
            pass
