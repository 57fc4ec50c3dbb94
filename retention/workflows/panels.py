"""What workflows show on the pages of others."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from crm.slots import StepState
from retention.workflows.models import Enrollment, Workflow


def running(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """The customer's latest enrollments, those under way first."""
    rows = (
        Enrollment.objects.filter(account=account)
        .select_related("workflow")
        .only("state", "ended_at", "workflow__name", "workflow__slug")
        .order_by("-id")[:8]
    )
    enrollments = sorted(rows, key=lambda row: row.state != Enrollment.State.ACTIVE)
    return {"enrollments": enrollments} if enrollments else None


def first_recipe(viewer: Any, now: datetime) -> StepState:
    """Whether any workflow is on, for the first run."""
    on = Workflow.objects.filter(state=Workflow.State.ON).order_by("name").values_list("name", flat=True)[:1]
    return StepState(bool(on), f"{on[0]} is on" if on else "all are off")
