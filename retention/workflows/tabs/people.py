"""Who is where in it, and what brought them in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from crm.web import clock
from crm.web.pagination import Sort, keyset_page
from retention.workflows import load, published, wording
from retention.workflows.definition import Definition
from retention.workflows.models import Enrollment, EnrollmentQuerySet, Workflow

HELD_OUT = "held-out"
CHIPS = {"": "Everybody"} | dict(Enrollment.State.choices) | {HELD_OUT: "Held out"}


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    chosen = request.GET.get("state", "")
    rows = Enrollment.objects.visible_to(request.user).filter(workflow_id=workflow.pk)
    chips = CHIPS
    if chosen in Enrollment.State.values:
        rows = rows.filter(state=chosen)
    elif chosen == HELD_OUT:
        rows = rows.filter(held_out=True)
    elif chosen in load.NARROWED:
        rows, chips = load.narrowed(rows, chosen, clock.now()), CHIPS | {chosen: load.NARROWED[chosen]}
    rows, narrowed = _of_version(request, workflow, rows, anywhere=not chosen)
    page = keyset_page(rows.select_related("account"), Sort("id", descending=True), request.GET.get("cursor"))
    today = clock.today()
    lines = [{"enrollment": row, "cause": wording.cause(row.facts, today), "next": _next(row)} for row in page.rows]
    return {"lines": lines, "next": page.next, "chips": chips, "chosen": chosen, "narrowed": narrowed}


def _of_version(
    request: HttpRequest, workflow: Workflow, rows: EnrollmentQuerySet, *, anywhere: bool
) -> tuple[EnrollmentQuerySet, str]:
    """Those under way on the version that the address names, and the words for it."""
    number = request.GET.get("version", "")
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        return rows, ""
    rows = rows.filter(version__number=int(number))
    if anywhere:
        rows = rows.filter(state__in=[Enrollment.State.ACTIVE, Enrollment.State.PARKED])
    return rows, f"{'Under way on' if anywhere else 'On'} version {int(number)}."


def _next(enrollment: Enrollment) -> str:
    """Its next step, by the version that it finishes on."""
    own = published.readable(enrollment.version_id)
    step = own.by_id.get(enrollment.step_id) if own else None
    return wording.line(step).title if step else ""
