"""The tickets of a customer or a person, for the panel on their page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Avg
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.accounts.models import Account, Contact
from crm.segments import filterbar
from crm.team.viewer import viewer_of
from crm.tickets.lists import due_badge, requester
from crm.tickets.models import SOLVED, Ticket, TicketRating

_SUBJECTS: dict[str, Any] = {"account": Account, "contact": Contact}
_LINES = 5
_FIELDS = (
    "id", "subject", "status", "due_by", "account__name", "contact_id", "contact__first_name", "contact__last_name",
    "contact__email", "requester_name", "requester_handle",
)  # fmt: skip


@require_GET
def beside(request: HttpRequest, subject: str, pk: int) -> HttpResponse:
    """What is open, how many were solved, and what they said of it last."""
    if subject not in _SUBJECTS:
        raise Http404("There are no tickets beside this.")
    viewer = viewer_of(request)
    of = get_object_or_404(_SUBJECTS[subject].objects.visible_to(viewer), pk=pk)
    rows = Ticket.objects.visible_to(viewer).filter(**{subject: of}, is_spam=False, merged_into=None)
    found = list(rows.open().order_by("-created_at", "-id").values(*_FIELDS)[: _LINES + 1])
    lines = [{**row, "who": requester(row), "due": due_badge(row)} for row in found[:_LINES]]
    rated = TicketRating.objects.visible_to(viewer).filter(**{subject: of}, score__isnull=False)
    context = {
        "subject": subject, "of": of.pk, "every": _every(subject, str(of)), "lines": lines, "more": len(found) > _LINES,
        "solved": rows.filter(status__in=SOLVED).count(),
        "rating": rated.order_by("-answered_at", "-id").values("score", "comment", "answered_at").first(),
        "average": rated.aggregate(of=Avg("score"))["of"],
    }  # fmt: skip
    return render(request, "crm/tickets/beside_lines.html", context)


def _every(subject: str, name: str) -> str:
    """The queue with all of theirs."""
    field = {"account": "account.name", "contact": "requester"}[subject]
    asked = {"view": "all", "f": filterbar.write([{"field": field, "op": "is", "value": name}]), "sort": "-created"}
    return f"{reverse('tickets:list')}?{urlencode(asked)}"
