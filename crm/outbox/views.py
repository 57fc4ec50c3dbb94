"""The mail pages: what will leave, what was not sent and why, what needs a person, and what went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm import slots
from crm.outbox import approving, load, policy, recalling, repairs, settling
from crm.outbox.forms import GivenReasonForm, ModeForm, ReasonForm
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.outbox.pages import GUARDS, TABS, Narrowing, banner, beside, eyes, kept, rows_of, times, without_keys
from crm.team.models import User
from crm.team.permissions import Missing, demand
from crm.team.viewer import viewer_of
from crm.web import clock, standing
from crm.web.faults import first_fault
from crm.web.pagination import BadCursor, keyset_page
from crm.web.patience import answers_or_asks_to_narrow
from crm.web.returning import next_url
from crm.web.toasts import toast


@require_GET
@answers_or_asks_to_narrow("tab", "guard", "which", "sender", "account")
def mail_list(request: HttpRequest) -> HttpResponse:
    """One tab, page by page; what was not sent also by guard."""
    viewer, tab = viewer_of(request), request.GET.get("tab", "upcoming")
    if tab not in TABS:
        raise Http404
    try:
        chosen = Narrowing.asked(tab, request.GET.dict())
    except ValueError as error:
        raise Http404 from error
    visible = OutboundMessage.objects.visible_to(viewer)
    rows = chosen.of(rows_of(visible, tab), clock.now())
    try:
        page = keyset_page(rows.for_list(), TABS[tab].sort, request.GET.get("cursor"))
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    context: dict[str, Any] = {"tab": tab, "page": page, "label": TABS[tab], "chosen": chosen}
    context["kept"] = kept(visible, page.rows)
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/outbox/list.html#rows", context)
    whole = tab == "upcoming" and chosen == Narrowing() and not request.GET.get("cursor")
    leaving = visible.leaving().for_list() if whole else ()
    context |= {"tabs": TABS, "guards": GUARDS, "leaving": leaving, "eyes": eyes(visible), **banner(viewer)}
    context["beside"] = beside(viewer)
    context["narrowed"] = load.NARROWED
    return render(request, "crm/outbox/list.html", context)


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: its text, everything decided about it, and why it exists."""
    viewer = viewer_of(request)
    message = get_object_or_404(OutboundMessage.objects.visible_to(viewer).for_detail(), pk=pk)
    explain = slots.explainers.get(message.origin)
    why = explain([message.origin_id]).get(message.origin_id) if explain and message.origin_id else None
    context = {
        "message": message,
        "asked": recalling.asked_last(message),
        "decisions": message.decisions.select_related("by").order_by("id"),
        "why": why,
        "text": without_keys(message.rendered_body or message.preview()[1]),
        "times": times(message, viewer),
        "kept": bool(kept(OutboundMessage.objects.visible_to(viewer), [message])),
        "asks": {name: verb.asks for name, verb in repairs.UNCERTAIN.verbs.items()},
        "may_approve": approving.may_be_approved_by(
            OutboundMessage.objects.visible_to(viewer).filter(pk=pk), viewer, clock.now()
        ).exists()
        if message.state == OutboundMessage.State.ASKED
        else False,
        "may_settle": message.may_be_settled_by(viewer),
        "suppressed": settling.suppression_of(message) if message.state == OutboundMessage.State.FAILED else None,
    }
    return render(request, "crm/outbox/detail.html", context)


type Verb = Callable[[int, str, User, datetime], None]


def _act(request: HttpRequest, pk: int, verb: Verb, done: str, form: Form) -> HttpResponse:
    """Do one thing about a message that the viewer sees and may settle."""
    viewer = viewer_of(request)
    message = get_object_or_404(OutboundMessage.objects.visible_to(viewer), pk=pk)
    if not message.may_be_settled_by(viewer):
        raise Missing("settle_mail")
    if not form.is_valid():
        toast(request, first_fault(form), level=messages.ERROR)
        return redirect("outbox:detail", pk)
    try:
        verb(pk, form.cleaned_data["reason"], viewer, clock.now())
    except settling.NotPossible as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        standing.forget()
        toast(request, done)
    return redirect("outbox:detail", pk)


@require_POST
def cancellation(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, settling.cancel, "The message is called off.", ReasonForm(request.POST))


@require_POST
def requeueing(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, settling.requeue, "The message is tried again.", ReasonForm(request.POST))


@require_POST
def readmission(request: HttpRequest, pk: int) -> HttpResponse:
    done = "The address gets mail again, and the message is tried again."
    return _act(request, pk, settling.readmit, done, GivenReasonForm(request.POST))


@require_POST
def resending(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, settling.resend, "The message is queued again.", GivenReasonForm(request.POST))


@require_POST
def settlement(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, settling.settle_as_sent, "The message counts as sent.", GivenReasonForm(request.POST))


@require_POST
def mode(request: HttpRequest) -> HttpResponse:
    """Let mail leave, hold it, or send it all to one address. For admins."""
    admin, form = _admin(request), ModeForm(request.POST)
    if not form.is_valid():
        toast(request, first_fault(form), level=messages.ERROR)
    elif form.cleaned_data["mode"] == MailPolicy.Mode.LIVE:
        policy.go_live(clock.now(), admin)
        toast(request, "Mail is live.")
    elif form.cleaned_data["mode"] == MailPolicy.Mode.HOLD:
        policy.hold(f"Put on hold by {admin}.")
        toast(request, "Mail is on hold. Nothing leaves until somebody goes live.")
    else:
        policy.redirect_to(form.cleaned_data["redirect_to"], clock.now())
        toast(request, f"All mail goes to {form.cleaned_data['redirect_to']}.")
    return redirect(next_url(request, reverse("outbox:list")))


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Throw the switch that stops all mail at once, or with `lift` take it back. For admins."""
    admin = _admin(request)
    if "lift" in request.POST:
        policy.lift("all", clock.now(), admin)
        toast(request, "Mail may leave again. What has become too late meanwhile is skipped.")
        return redirect("outbox:list")
    form = GivenReasonForm(request.POST)
    if form.is_valid():
        policy.throw("all", form.cleaned_data["reason"], clock.now(), admin)
        toast(request, "All mail is stopped.")
    else:
        toast(request, "Say why all mail shall stop: colleagues will ask.", level=messages.ERROR)
    return redirect("outbox:list")


def _admin(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    demand(viewer, "manage_mail")
    return viewer
