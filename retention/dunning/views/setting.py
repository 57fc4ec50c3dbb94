"""How failed payments are followed up, and what products and pages outside may show of it. For admins."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from crm.history.toasts import undoable
from crm.team.models.hours import house_hours
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast
from retention.dunning import rules
from retention.dunning.actions import deciding, tokens
from retention.dunning.forms import SettingsForm, TokenForm
from retention.dunning.models import DunningSettings, StatusToken

_form = require_http_methods(["GET", "HEAD", "POST"])
#: Tokens that the page names; more are asked for in the API.
_NAMED = 50


@_form
@requires("manage_settings")
def ways(request: HttpRequest) -> HttpResponse:
    """The settings, with what they would mean for a card that is declined just now."""
    row = DunningSettings.the_only()
    form = SettingsForm(request.POST) if request.method == "POST" else SettingsForm.of(row)
    if form.is_valid():
        deed = deciding.configure(form.told(), viewer_of(request), clock.now())
        undoable(request, deed, "Kept. New failures are followed up so, and what is planned next.")
        return redirect("dunning_settings:ways")
    context = {"form": form, "row": row, "example": _example(row)}
    return render(request, "retention/dunning/settings.html", context, status=422 if form.is_bound else 200)


def _example(row: DunningSettings) -> list[str]:
    now, zone = clock.now(), clock.zone()
    told = rules.Told(now, now, 0)
    planned = rules.rest_of_plan(row.ways(), told, zone, house_hours().closed, now)
    return [rules.explained(one, zone) for one in planned]


@_form
@requires("manage_settings")
def banner(request: HttpRequest) -> HttpResponse:
    """What to put on a page of one's own, how it looks, and who has a token."""
    form = TokenForm(request.POST if request.method == "POST" else None, viewer=viewer_of(request))
    if form.is_valid():
        made = tokens.make(form.cleaned_data["customer"], viewer_of(request), clock.now())
        toast(request, f"{made.account} has a token. Copy it from the list.")
        return redirect("dunning_settings:banner")
    rows = StatusToken.objects.visible_to(request.user).filter(revoked_at=None).select_related("account")
    found = [(row, tokens.text_of(row)) for row in rows.order_by("-pk")[:_NAMED]]
    base = settings.BASE_URL.rstrip("/")
    context: dict[str, Any] = {
        "form": form, "tokens": found, "base": base, "script": base + reverse("dunning_status:banner"),
        "sample": found[0][1] if found else "THE-CUSTOMER-S-TOKEN",
    }  # fmt: skip
    return render(request, "retention/dunning/banner.html", context, status=422 if form.is_bound else 200)


@require_POST
@requires("manage_settings")
def revocation(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(StatusToken.objects.visible_to(request.user).filter(revoked_at=None), pk=pk)
    tokens.revoke(row, viewer_of(request), clock.now())
    toast(request, f"Revoked: nobody learns anything of {row.account} by it any more.")
    return redirect("dunning_settings:banner")
