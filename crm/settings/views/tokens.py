"""All keys to the API, whosesoever: used when, open until when, and revoking them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from crm.team import actions
from crm.team.models import ApiToken
from crm.team.permissions import requires
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast


@require_safe
@requires("manage_team")
def tokens(request: HttpRequest) -> HttpResponse:
    """Those that nobody has revoked, the latest first."""
    rows = ApiToken.objects.filter(revoked_at=None).select_related("user")
    try:
        page = keyset_page(rows, Sort("id", descending=True), request.GET.get("cursor"))
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    context: dict[str, Any] = {"page": page, "now": clock.now()}
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/settings/tokens.html#rows", context)
    return render(request, "crm/settings/tokens.html", context)


@require_POST
@requires("manage_team")
def revocation(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.select_related("user"), pk=pk)
    if actions.revoke(token, clock.now()):
        toast(request, f"“{token.name or 'The token'}” of {token.user} opens nothing any more.")
    else:
        toast(request, "That token was revoked already. Nothing changed.", level=messages.INFO)
    return redirect("settings:tokens")
