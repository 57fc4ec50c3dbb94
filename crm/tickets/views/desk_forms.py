"""Public forms for admins: make one, change it, switch it off and on."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.team.permissions import requires
from crm.tickets.forms.desk import PublicFormForm
from crm.tickets.models import TicketForm
from crm.web import clock
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires("manage_settings")
def forms(request: HttpRequest) -> HttpResponse:
    """All of them, those that are switched off last."""
    rows = TicketForm.objects.select_related("category", "team")
    rows = rows.order_by(F("archived_at").asc(nulls_first=True), "name")
    return render(request, "crm/tickets/desk/forms.html", {"forms": rows[:200], "base": settings.BASE_URL})


@_form
@requires("manage_settings")
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, TicketForm())


@_form
@requires("manage_settings")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(TicketForm, pk=pk))


def _edit(request: HttpRequest, row: TicketForm) -> HttpResponse:
    form = PublicFormForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_valid():
        saved = form.save()
        toast(request, f"“{saved}” is saved.")
        return redirect("desk:forms")
    return render(request, "crm/tickets/desk/form.html", {"form": form, "row": row}, status=422 if form.errors else 200)


@require_POST
@requires("manage_settings")
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off, or on again: one that is off is not found any more."""
    row = get_object_or_404(TicketForm, pk=pk)
    row.archived_at = None if row.archived_at else clock.now()
    row.save(update_fields=["archived_at"])
    toast(request, f"“{row}” is {'switched off: its address leads nowhere now' if row.archived_at else 'open again'}.")
    return redirect("desk:forms")
