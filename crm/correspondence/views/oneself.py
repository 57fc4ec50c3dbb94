"""One's own mail: the signature, and the secret address for copies of what one sends from elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.correspondence import rules
from crm.correspondence.forms import OwnMailForm
from crm.correspondence.models import MailIdentity, new_token
from crm.inbox.models import InboxSettings
from crm.outbox.formatting import as_html
from crm.team.viewer import viewer_of
from crm.web.toasts import toast


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    seen, own = MailIdentity.seen(viewer), InboxSettings.the_only().address
    first = {"signature": seen.signature, "addresses": ", ".join(seen.addresses)}
    form = OwnMailForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        MailIdentity.of(viewer)
        MailIdentity.objects.filter(user=viewer).update(**form.cleaned_data)
        toast(request, "Saved.")
        return redirect("correspondence:me")
    context: dict[str, Any] = {
        "form": form, "own": own, "signature": as_html(seen.signature) if seen.signature else "",
        "copies_to": rules.with_token(own, "u", seen.token) if own and seen.token else "",
    }  # fmt: skip
    return render(request, "crm/correspondence/me.html", context, status=422 if form.errors else 200)


@require_POST
def new_address(request: HttpRequest) -> HttpResponse:
    """The first, or another one when the old has become known: that takes nothing in any more."""
    viewer = viewer_of(request)
    MailIdentity.objects.update_or_create(user=viewer, defaults={"token": new_token()})
    toast(request, "Your address for copies is new. What is sent to an earlier one is not taken as yours any more.")
    return redirect("correspondence:me")
