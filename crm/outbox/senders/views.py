"""The senders for admins: make, change, pause, and send oneself a test."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.outbox import policy, trying
from crm.outbox.models import CHATS, Sender, Switch
from crm.outbox.senders.forms import SenderForm
from crm.outbox.stopping import now_thrown
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.returning import next_url
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])
_TEST = (
    "Test of the sender {{ sender }}",
    "This came by way of the sender “{{ sender }}”. It works.\n\nAsked for by {{ by }}.",
)


@require_safe
@requires("manage_mail")
def sender_list(request: HttpRequest) -> HttpResponse:
    """Each with its pace and whether it sends; the default one stands first, also before it has sent anything."""
    rows = {Sender.DEFAULT: Sender(name=Sender.DEFAULT)}
    rows |= {sender.name: sender for sender in Sender.objects.exclude(name__in=CHATS.values()).order_by("name")}
    stops = now_thrown()
    lines = [{"sender": sender, "paused": stops.senders.get(sender.name, "")} for sender in rows.values()]
    return render(request, "crm/outbox/senders/list.html", {"lines": lines, "stopped": stops.everything})


@_form
@requires("manage_mail")
def new(request: HttpRequest) -> HttpResponse:
    """Another one; with `default` in the address the default one, which otherwise its first mail makes."""
    if "default" not in request.GET:
        return _edit(request, Sender())
    return _edit(request, Sender.objects.filter(name=Sender.DEFAULT).first() or Sender(name=Sender.DEFAULT))


@_form
@requires("manage_mail")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(Sender, pk=pk))


def _edit(request: HttpRequest, sender: Sender) -> HttpResponse:
    form = SenderForm(request.POST if request.method == "POST" else None, instance=sender)
    if form.is_valid():
        # Only these columns: who sends meanwhile counts in the others.
        if sender.pk:
            Sender.objects.filter(pk=sender.pk).update(
                from_email=form.cleaned_data["from_email"], per_minute=form.cleaned_data["per_minute"]
            )
        else:
            form.save()
        toast(request, "Saved.")
        return redirect(next_url(request, reverse("senders:list")))
    context: dict[str, Any] = {"form": form, "sender": sender}
    return render(request, "crm/outbox/senders/edit.html", context, status=422 if form.errors else 200)


@require_POST
@requires("manage_mail")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Its mail waits from now on, or with `lift` goes on. It is the switch that the engine room shows too."""
    sender, now = get_object_or_404(Sender, pk=pk), clock.now()
    scope = f"sender:{sender.name}"
    if "lift" in request.POST:
        policy.lift(scope, now, viewer_of(request))
        toast(request, f"Mail of {sender} leaves again.")
    elif not Switch.objects.filter(scope=scope).exists():
        policy.throw(scope, "Paused under Settings, Senders.", now, viewer_of(request))
        toast(request, f"Mail of {sender} waits until you let it go on.")
    return redirect("senders:list")


@require_POST
@requires("manage_mail")
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """A mail to oneself, by the same way as all others; a hold does not keep it."""
    sender, viewer, now = get_object_or_404(Sender, pk=pk), viewer_of(request), clock.now()
    facts = {"sender": sender.name, "by": str(viewer)}
    planned = trying.write_to_oneself(viewer, f"sender-test:{uuid4()}", _TEST, now, facts, sender)
    toast(request, f"A test is planned. {trying.outlook(viewer, sender.name)}")
    return redirect("outbox:detail", planned)
