"""Keys with which products of ours report usage: made, given a new secret, revoked."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from crm.settings.actions import write_keys as verbs
from crm.settings.forms import WriteKeyForm
from crm.team.models import WriteKey
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def keys(request: HttpRequest) -> HttpResponse:
    """All that work; a new one's secret is on the page that answers its form, and never again."""
    form = WriteKeyForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST":
        raise_if_reauthentication_required(request, app="allauth.mfa")
        if form.is_valid():
            given = form.cleaned_data
            key, secret = verbs.make(given["name"], given["scope"], viewer_of(request), clock.now())
            context = {"form": WriteKeyForm(), "secret": secret, "of": key}
    return _page(request, context, 422 if form.errors else 200)


@never_cache
@require_POST
@requires("manage_settings")
def rotation(request: HttpRequest, pk: int) -> HttpResponse:
    """Another secret for the same key, shown on the page that answers."""
    raise_if_reauthentication_required(request, app="allauth.mfa")
    key = get_object_or_404(WriteKey, pk=pk)
    secret = verbs.rotate(key, viewer_of(request), clock.now())
    if not secret:
        toast(request, "That key was revoked already. Make another.", level=messages.ERROR)
        return redirect("settings:write_keys")
    return _page(request, {"form": WriteKeyForm(), "secret": secret, "of": key, "rotated": True})


@require_POST
@requires("manage_settings")
def revocation(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(WriteKey, pk=pk)
    if verbs.revoke(key, viewer_of(request), clock.now()):
        toast(request, f"“{key}” lets nothing in any more.")
    else:
        toast(request, "That key was revoked already. Nothing changed.", level=messages.INFO)
    return redirect("settings:write_keys")


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    live = WriteKey.objects.live().select_related("created_by").order_by("name", "pk")
    more = {"keys": live, "now": clock.now(), "address": settings.BASE_URL}
    return render(request, "crm/settings/write_keys.html", context | more, status=status)
