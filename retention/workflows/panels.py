"""What workflows show on the pages of others."""

from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import BooleanField, F, Func, OuterRef, Subquery, Value
from django.http import HttpRequest
from django.urls import reverse

from crm.slots import StepState
from crm.team.permissions import allows
from crm.web.composed import Composed
from retention.workflows import published, wording
from retention.workflows.experiments import holdout
from retention.workflows.experiments.models import MOST
from retention.workflows.experiments.places import EVERYTHING, is_held
from retention.workflows.models import Enrollment, Workflow

UNDER_WAY = (Enrollment.State.ACTIVE, Enrollment.State.PARKED)

_ROW = (
    "id",
    "version_id",
    "state",
    "step_id",
    "awaits_until",
    "held",
    "ended_at",
    "held_out",
)  # in the order of the table
_latest = Composed(
    lambda account: (
        Enrollment.objects.filter(account_id=account)
        .order_by("-id")
        .values_list(*_ROW, "workflow__name", "workflow__slug", "workflow__state")[:8]
    ),
    int,
)


def running(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """The customer's latest enrollments, those under way first."""
    lines = []
    may = allows(request.user, "steer_people")
    for *row, name, slug, state in _latest.rows(account.pk):
        enrollment = Enrollment.from_db(DEFAULT_DB_ALIAS, _ROW, row)
        lines.append({
            "enrollment": enrollment, "workflow": name, "awaits": _awaits(enrollment),
            "url": reverse("workflows:enrollment", args=[slug, enrollment.pk]), "slug": slug,
            "steers": may and state != Workflow.State.OFF and enrollment.state in UNDER_WAY,
        })  # fmt: skip
    lines.sort(key=lambda one: one["enrollment"].state != Enrollment.State.ACTIVE)
    return {"lines": lines, "account_id": account.pk, "here": reverse("accounts:detail", args=[account.pk])}


def _awaits(enrollment: Enrollment) -> str:
    plan = published.readable(enrollment.version_id) if enrollment.awaits_until else None
    return wording.awaits(plan, enrollment) if plan else ""


def held_out_of_all(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """Said only of a customer who is in the group that gets nothing that runs by itself."""
    if not is_held(EVERYTHING, account.pk, MOST):
        return None  # however large the group is
    percent = holdout.size_lately()
    return {"percent": percent} if is_held(EVERYTHING, account.pk, percent) else None


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
