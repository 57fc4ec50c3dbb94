"""Mail that waits for somebody's yes: all of it, and one to read, put in other words, approve or refuse."""

from __future__ import annotations

from datetime import timedelta
from textwrap import shorten
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm import slots
from crm.outbox import approving, rendering
from crm.outbox.models import MessageQuerySet, OutboundMessage
from crm.outbox.pages import TABS, beside, eyes, times
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

_DUE_FIRST = Sort("due_at")
#: What is too late within so long stands out.
_SOON = timedelta(hours=24)


class WordsForm(forms.Form):
    """What the reader gets."""

    subject = forms.CharField(max_length=300, label="Subject", strip=True)
    body = forms.CharField(
        max_length=rendering.LONGEST_SOURCE, label="Text", strip=True,
        widget=forms.Textarea(attrs={"rows": 14}),
    )  # fmt: skip


def _mine(viewer: User) -> MessageQuerySet:
    return approving.may_be_approved_by(OutboundMessage.objects.visible_to(viewer), viewer, clock.now())


@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """Those whose yes the viewer may give, the first to leave first."""
    viewer, now = viewer_of(request), clock.now()
    try:
        page = keyset_page(_mine(viewer).for_list(), _DUE_FIRST, request.GET.get("cursor"))
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    lines = [_line(message, viewer) for message in page.rows]
    context = {"page": page, "lines": lines, "now": now, "soon": now + _SOON}
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/outbox/approvals/list.html#rows", context)
    visible = OutboundMessage.objects.visible_to(viewer)
    context |= {"tabs": TABS, "eyes": eyes(visible), "beside": beside(viewer), "here": reverse("approvals:list")}
    return render(request, "crm/outbox/approvals/list.html", context)


def _line(message: OutboundMessage, viewer: User) -> dict[str, Any]:
    subject, text = message.preview()
    return {
        "message": message, "subject": subject, "begins": shorten(text, 140, placeholder="…"),
        "for_another": message.approver if message.approver_id not in (None, viewer.pk) else None,
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, with its words to change; a post keeps them, and with `approve` says yes as well."""
    viewer, now = viewer_of(request), clock.now()
    message = get_object_or_404(_mine(viewer).for_detail(), pk=pk)
    subject, body = message.preview()
    form = WordsForm(request.POST if request.method == "POST" else None, initial={"subject": subject, "body": body})
    if form.is_valid():
        try:
            approving.reword(pk, form.cleaned_data["subject"], form.cleaned_data["body"], viewer, now)
        except ValueError as error:
            toast(request, str(error), level=messages.ERROR)
            return redirect("approvals:list")
        if "approve" in request.POST:
            return _approve(request, [pk], viewer, reverse("approvals:list"))
        toast(request, "The new words are kept. It still waits for a yes.")
        return redirect("approvals:detail", pk)
    explain = slots.explainers.get(message.origin)
    why = explain([message.origin_id]).get(message.origin_id) if explain and message.origin_id else None
    context = {
        "message": message, "form": form, "why": why, "times": times(message, viewer), "soon": now + _SOON,
        "decisions": message.decisions.select_related("by").order_by("id"), "next": _after(message, viewer),
        "title": subject,
    }  # fmt: skip
    return render(request, "crm/outbox/approvals/detail.html", context, status=422 if form.errors else 200)


def _after(message: OutboundMessage, viewer: User) -> str:
    """Where the next one is to be read; blank for the last."""
    rest = _mine(viewer).filter(due_at__gte=message.due_at).exclude(pk=message.pk)
    later = rest.exclude(due_at=message.due_at, pk__lt=message.pk).order_by("due_at", "id").values_list("pk", flat=True)
    found = later.first()
    return reverse("approvals:detail", args=[found]) if found else ""


@require_POST
def approval(request: HttpRequest) -> HttpResponse:
    """Yes to those that are ticked, with `one` to that one alone, or with `shown` to all that the page showed."""
    chosen = request.POST.getlist("one") or request.POST.getlist("shown" if "all" in request.GET else "message")
    if not all(one.isascii() and one.isdigit() and len(one) <= 18 for one in chosen):
        return HttpResponseBadRequest("no such messages")
    if not chosen:
        toast(request, "Tick those that you approve of first.", level=messages.ERROR)
        return redirect("approvals:list")
    return _approve(request, [int(one) for one in chosen], viewer_of(request), reverse("approvals:list"))


def _approve(request: HttpRequest, pks: list[int], viewer: User, back: str) -> HttpResponse:
    try:
        said = approving.approve(pks, viewer, clock.now())
    except ValueError as error:
        toast(request, str(error), level=messages.ERROR)
        return redirect(back)
    if said.late:
        toast(request, f"Too late for {_mails(len(said.late))}: not sent.", level=messages.WARNING)
    if said.done:
        seconds = approving.UNDO_FOR.seconds
        text = f"You said yes to {_mails(len(said.done))}. Nothing leaves for {seconds} seconds."
        toast(request, text, undo=_undo(said.done))
    elif not said.late:
        toast(request, "Somebody has decided on it meanwhile.", level=messages.ERROR)
    return redirect(back)


def _mails(count: int) -> str:
    return "one mail" if count == 1 else f"{count} mails"


def _undo(pks: tuple[int, ...]) -> str:
    return f"{reverse('approvals:reconsideration')}?messages={'-'.join(map(str, pks))}"


@require_POST
def refusal(request: HttpRequest, pk: int) -> HttpResponse:
    """No, and why."""
    viewer = viewer_of(request)
    get_object_or_404(_mine(viewer), pk=pk)
    try:
        said = approving.refuse([pk], request.POST.get("reason", "")[:200], viewer, clock.now())
    except ValueError as error:
        toast(request, str(error), level=messages.ERROR)
        return redirect("approvals:detail", pk)
    toast(request, "It is not sent.", undo=_undo(said.done))
    return redirect("approvals:list")


@require_POST
def reconsideration(request: HttpRequest) -> HttpResponse:
    """The undo: what the viewer decided waits for a yes again, if it has not left."""
    asked = list(filter(None, request.GET.get("messages", "").split("-")))
    if not all(one.isascii() and one.isdigit() and len(one) <= 18 for one in asked) or len(asked) > approving.MOST:
        return HttpResponseBadRequest("no such messages")
    said = approving.reconsider([int(one) for one in asked], viewer_of(request), clock.now())
    if said.done:
        waits = "waits" if len(said.done) == 1 else "wait"
        toast(request, f"{_mails(len(said.done)).capitalize()} {waits} for a yes again.")
    else:
        toast(request, "It has left already, or somebody has decided on it since.", level=messages.ERROR)
    return redirect("approvals:list")
