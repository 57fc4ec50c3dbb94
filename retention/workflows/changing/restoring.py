"""An earlier version becomes the current one again: published once more, as a version of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.history.actions import act
from crm.team.models import User
from retention.workflows import definition, segments
from retention.workflows.definition import DefinitionError
from retention.workflows.models import Workflow, WorkflowVersion
from retention.workflows.recipes import RecipeError

KIND = "workflow.restored"


@transaction.atomic
def restore(workflow: Workflow, number: int, by: User | None, now: datetime) -> WorkflowVersion:
    """A copy of this version, published now; nobody is moved, and its settings count again.

    Raises RecipeError where it cannot run any more, or is the current one.
    """
    row = Workflow.objects.select_for_update(of=("self",)).get(pk=workflow.pk)
    old = row.versions.filter(number=number).first()
    if old is None:
        raise RecipeError(f"There is no version {number}.")
    if row.version and row.version.definition == old.definition:
        raise RecipeError(f"Version {row.version.number}, which is current, does the same as version {number}.")
    try:
        plan = definition.parse(old.definition)
    except DefinitionError as error:
        raise RecipeError(f"Version {number} cannot run any more: {error}") from error
    segments.hold(old.definition)
    last = row.versions.order_by("-number").values_list("number", flat=True)[0]
    label = f"made version {number} of “{row}” current again, as version {last + 1}"
    with act(KIND, label, by, now, {"workflow": row.pk, "version": last + 1, "of": number}):
        row.version = WorkflowVersion.objects.create(
            workflow=row, number=last + 1, definition=old.definition, published_at=now, published_by=by,
            note=f"As version {number}",
        )  # fmt: skip
        row.name = plan.name
        row.settings = {name: plan.settings[name] for name in row.settings if name in plan.settings}
        row.save(update_fields=["version", "name", "settings"])
    return row.version
