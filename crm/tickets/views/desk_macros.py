"""Macros for admins: write one, change it, switch it off and on."""

from __future__ import annotations

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.team.permissions import requires
from crm.tickets import macros as canned
from crm.tickets.forms.macros import MacroForm
from crm.tickets.models import Macro
from crm.web import clock
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires("manage_settings")
def macros(request: HttpRequest) -> HttpResponse:
    """Everybody's, those that are switched off last."""
    rows = Macro.objects.filter(owner=None).order_by(F("archived_at").asc(nulls_first=True), "name")[:200]
    categories = canned.category_names(rows)
    told = [(row, canned.sets(row, categories)) for row in rows]
    return render(request, "crm/tickets/desk/macros.html", {"macros": told})


@_form
@requires("manage_settings")
def new(request: HttpRequest) -> HttpResponse:
    return edit(request, Macro(), "desk:macros")


@_form
@requires("manage_settings")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    return edit(request, get_object_or_404(Macro, pk=pk, owner=None), "desk:macros")


def edit(request: HttpRequest, row: Macro, home: str) -> HttpResponse:
    """Its form; once it is kept, back to the page of that name."""
    form = MacroForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_valid():
        toast(request, f"“{form.save()}” is saved.")
        return redirect(home)
    name = Macro.objects.filter(pk=row.pk).values_list("name", flat=True).first() or ""
    context = {"form": form, "row": row, "name": name, "up": reverse(home), "own": row.owner_id is not None}
    return render(request, "crm/tickets/desk/macro.html", context, status=422 if form.errors else 200)


@require_POST
@requires("manage_settings")
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off, or on again: one that is off is offered to nobody."""
    row = get_object_or_404(Macro, pk=pk, owner=None)
    row.archived_at = None if row.archived_at else clock.now()
    row.save(update_fields=["archived_at"])
    toast(request, f"“{row}” is {'switched off' if row.archived_at else 'offered again'}.")
    return redirect("desk:macros")
