"""The deals of a customer, a person or a ticket, for the panel on their page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.accounts.models import Account, Contact
from crm.pipelines import cards
from crm.pipelines.models import Deal, KeyAccountPlan
from crm.segments import filterbar
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.tickets.models import Ticket
from crm.web import clock

_SUBJECTS: dict[str, tuple[Any, str]] = {
    "account": (Account, "account"), "contact": (Contact, "people__contact"), "ticket": (Ticket, "tickets__ticket"),
}  # fmt: skip
_LINES = 5


@require_GET
def beside(request: HttpRequest, subject: str, pk: int) -> HttpResponse:
    """The latest, open ones first."""
    if subject not in _SUBJECTS:
        raise Http404("There are no deals beside this.")
    model, path = _SUBJECTS[subject]
    viewer, now = viewer_of(request), clock.now()
    of = get_object_or_404(model.objects.visible_to(viewer), pk=pk)
    rows = Deal.objects.visible_to(viewer).filter(**{path: of}).select_related("stage", "pipeline")
    found = list(rows.order_by("-closed_at", "-created_at", "-id")[: _LINES + 1])
    lines = [(row, *cards.age(row.entered_at, row.stuck_at, row.closed_at, now)) for row in found[:_LINES]]
    context = {
        "subject": subject, "of": of.pk, "lines": lines, "may_work": allows(viewer, "deals"),
        "every": _every(of.name) if subject == "account" and len(found) > _LINES else "",
        "plan": KeyAccountPlan.objects.visible_to(viewer).filter(account=of).first() if subject == "account" else None,
    }  # fmt: skip
    return render(request, "crm/pipelines/beside_lines.html", context)


def _every(name: str) -> str:
    """The list with all of theirs."""
    asked = {"view": "all", "f": filterbar.write([{"field": "account.name", "op": "is", "value": name}])}
    return f"{reverse('pipelines:list')}?{urlencode(asked)}"
