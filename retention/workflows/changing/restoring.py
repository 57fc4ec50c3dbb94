"""An earlier version becomes the current one again: published once more, as a version of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from crm.history.actions import act
from crm.team.models import User
from retention.workflows import definition, segments
from retention.workflows.definition import DefinitionError
from retention.workflows.models import Workflow, WorkflowVersion
from retention.workflows.recipes import HOLDOUT, RecipeError

KIND = "workflow.restored"


@transaction.atomic
def restore(workflow: Workflow, number: int, by: User | None, now: datetime) -> WorkflowVersion:
    """A copy of this version, published now; nobody is moved, and its settings count again, but for how many are held
    out: that stays as it is, or a comparison would end in silence.

    Raises RecipeError where it cannot run any more, or is the current one.
    """
    row = Workflow.objects.select_for_update(of=("self",)).get(pk=workflow.pk)
    old = row.versions.filter(number=number).first()
    if old is None:
        raise RecipeError(f"There is no version {number}.")
    data = _held_out_as_in(row.version, old.definition)
    if row.version and row.version.definition == data:
        raise RecipeError(f"Version {row.version.number}, which is current, does the same as version {number}.")
    try:
        plan = definition.parse(data)
    except DefinitionError as error:
        raise RecipeError(f"Version {number} cannot run any more: {error}") from error
    segments.hold(data)
    last = row.versions.order_by("-number").values_list("number", flat=True)[0]
    label = f"made version {number} of “{row}” current again, as version {last + 1}"
    with act(KIND, label, by, now, {"workflow": row.pk, "version": last + 1, "of": number}):
        row.version = WorkflowVersion.objects.create(
            workflow=row, number=last + 1, definition=data, published_at=now, published_by=by,
            note=f"As version {number}",
        )  # fmt: skip
        row.name = plan.name
        row.settings = {name: plan.settings[name] for name in row.settings if name in plan.settings}
        row.save(update_fields=["version", "name", "settings"])
    return row.version


def _held_out_as_in(current: WorkflowVersion | None, data: dict[str, Any]) -> dict[str, Any]:
    """This definition with as many held out as in the current version. A recipe's settings say it too."""
    if current is None:
        return data
    plain = {name: value for name, value in data.items() if name != HOLDOUT}
    settings = {name: value for name, value in data.get("settings", {}).items() if name != HOLDOUT}
    now = current.definition
    own = {HOLDOUT: now[HOLDOUT]} if HOLDOUT in now else {}
    said = {HOLDOUT: now["settings"][HOLDOUT]} if HOLDOUT in now.get("settings", {}) else {}
    return plain | own | ({"settings": settings | said} if "settings" in plain else {})
