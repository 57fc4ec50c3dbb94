"""What becomes of a split that has told enough: from the next version on all go one way, until it is tried again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from crm.team.models import User
from retention.workflows.building import drafts, shapes
from retention.workflows.building.drafts import DraftError
from retention.workflows.models import Workflow


@transaction.atomic
def decide(slug: str, step_id: str, arm: str, by: User, now: datetime) -> Workflow:
    """Publish a version in which all who come to the split take this way; blank: all its ways are tried again.

    Whoever is under way finishes on theirs. Raises DraftError, RecipeError.
    """
    workflow = drafts.own(slug)
    if workflow.draft is not None or workflow.version is None:
        raise DraftError("A draft is begun that is not published. Publish or discard it first.")
    said = f"“{arm}” has won" if arm else "All ways are tried again"

    def change(data: dict[str, Any]) -> str:
        found = shapes.find(data, step_id)
        if found is None or found[0].get("do") != "split":
            raise DraftError("What runs now has no such split. Look at the page again.")
        step = found[0]
        if arm and arm not in {one["name"] for one in step["arms"]}:
            raise DraftError(f"The split has no way “{arm[:30]}”.")
        step.pop("winner", None)
        if arm:
            step["winner"] = arm
        return said

    edited = drafts.edit(slug, workflow.draft_edition, change, "", by, now)
    if edited.draft is None:
        raise DraftError("It is so already. Nothing was changed.")
    return drafts.publish(slug, edited.draft_edition, by, now, said)
