"""Changing the customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.db.models import F, Func, Value
from pydantic import Field

from crm.accounts.models import Account
from retention.workflows.batch import Batch
from retention.workflows.definition import Step
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on
from retention.workflows.wording import Line


class SetStep(Step):
    """Change the customer: add or remove tags."""

    do: Literal["set"]
    add_tags: list[str] = Field(default_factory=list, title="Add tags")
    remove_tags: list[str] = Field(default_factory=list, title="Take off tags")


def change(step: SetStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    accounts = Account.objects.filter(pk__in=[enrollment.account_id for enrollment in enrollments])
    for tag in step.add_tags:
        added = Func(F("tags"), Value(tag), function="array_append")
        accounts.exclude(tags__contains=[tag]).update(tags=added, updated_at=batch.now)
    for tag in step.remove_tags:
        removed = Func(F("tags"), Value(tag), function="array_remove")
        accounts.filter(tags__contains=[tag]).update(tags=removed, updated_at=batch.now)
    done = [f"added the tag {tag}" for tag in step.add_tags] + [f"took off the tag {tag}" for tag in step.remove_tags]
    for enrollment in enrollments:
        batch.ran(enrollment, step, (", ".join(done) or "changed nothing").capitalize())
        go_on(step, enrollment, batch)


def _line(step: SetStep) -> Line:
    words = [f"add the tag “{tag}”" for tag in step.add_tags] + [
        f"take off the tag “{tag}”" for tag in step.remove_tags
    ]
    return Line("tag", ", ".join(words).capitalize() or "Change nothing")


step_kinds.register(
    "set",
    StepKind(SetStep, change, _line, "Change the customer", "Add or take off tags.", "tag", "Do", 20, acts=True),
)
