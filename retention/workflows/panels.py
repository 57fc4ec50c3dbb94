"""What workflows show on the pages of others."""

from datetime import datetime
from typing import Any

from django.db.models import BooleanField, F, Func, OuterRef, Subquery, Value
from django.http import HttpRequest

from crm.slots import StepState
from retention.workflows import published, wording
from retention.workflows.models import Enrollment, Workflow


def running(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """The customer's latest enrollments, those under way first."""
    rows = (
        Enrollment.objects.filter(account=account)
        .select_related("workflow")
        .only("state", "ended_at", "version_id", "step_id", "awaits_until", "workflow__name", "workflow__slug")
        .order_by("-id")[:8]
    )
    enrollments = sorted(rows, key=lambda row: row.state != Enrollment.State.ACTIVE)
    lines = [{"enrollment": row, "awaits": _awaits(row)} for row in enrollments]
    return {"lines": lines} if lines else None


def _awaits(enrollment: Enrollment) -> str:
    plan = published.readable(enrollment.version_id) if enrollment.awaits_until else None
    return wording.awaits(plan, enrollment) if plan else ""


def waits_for(kind: str) -> Subquery:
    """The name of the workflow in which an account (OuterRef "pk") waits for such a fact."""
    step = Func(Value("step"), F("step_id"), Value("kind"), Value(kind), function="jsonb_build_object")
    awaits = Func(
        F("version__definition"), step, output_field=BooleanField(),
        template="jsonb_path_exists(%(expressions)s)",
        arg_joiner=", '$.steps.** ? (@.id == $step && @.fact == $kind)', ",
    )  # fmt: skip
    waiting = Enrollment.objects.active().filter(awaits, account=OuterRef("pk"), awaits_until__isnull=False)
    return Subquery(waiting.order_by("-id").values("workflow__name")[:1])


def first_recipe(viewer: Any, now: datetime) -> StepState:
    """Whether any workflow is on, for the first run."""
    on = Workflow.objects.filter(state=Workflow.State.ON).order_by("name").values_list("name", flat=True)[:1]
    return StepState(bool(on), f"{on[0]} is on" if on else "all are off")
