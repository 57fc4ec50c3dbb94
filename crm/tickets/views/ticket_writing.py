"""Answering: drafts kept as one types, canned answers, sending, and thinking better of it for ten seconds."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm.correspondence.reading.headers import fit
from crm.correspondence.rules import UNDO_FOR
from crm.outbox.rendering import TemplateError
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets import macros, rules
from crm.tickets.actions import answering
from crm.tickets.actions.answering import Overtaken, Written
from crm.tickets.actions.saying import TicketError
from crm.tickets.forms import MessageForm
from crm.tickets.models import Ticket, TicketDraft, TicketMessage
from crm.tickets.views.ticket import ticket_of
from crm.tickets.views.ticket_composer import composer, said_kept
from crm.tickets.views.ticket_live import since_then
from crm.web import clock
from crm.web.toasts import toast


@require_POST
@requires("tickets")
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """An answer or a note. For htmx the composer comes back, empty or with what was refused, and what is new."""
    found, viewer, now = ticket_of(request, pk), viewer_of(request), clock.now()
    form = MessageForm(request.POST, request.FILES, viewer=viewer, ticket=found)
    missed: list[TicketMessage] = []
    problem = "" if form.is_valid() else form.problem()
    if not problem:
        try:
            message = _send(form, found, viewer, now)
        except Overtaken as overtaken:
            problem, missed = str(overtaken), list(overtaken.messages)
        except TicketError as refusal:
            problem = str(refusal)
    if problem:
        return _refused(request, found, form, problem, missed, now)
    _said(request, found, message, form.is_note)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(found)
    fresh = ticket_of(request, pk)
    context = composer(fresh, viewer, now) | since_then(request, fresh, viewer, now) | {"kind": form.data["kind"]}
    return render(request, "crm/tickets/ticket_written.html", context)


def _send(form: MessageForm, found: Ticket, viewer: User, now: datetime) -> TicketMessage:
    data = form.cleaned_data
    macro = data["macro"]
    then = data["then"] or (macro.sets.get("status", "") if macro else "")
    written = Written(data["bundle"], data["text"], form.is_note, then, data["files"], data["seen"])
    return macros.send(found, written, macro, viewer, now)


def _said(request: HttpRequest, found: Ticket, message: TicketMessage, is_note: bool) -> None:
    if is_note:
        toast(request, "Your note is here, for the team alone.")
        return
    undo = reverse("tickets:calling_off", args=[found.pk, message.pk])
    toast(request, f"Your answer leaves in {UNDO_FOR.seconds} seconds.", undo=undo)


def _refused(
    request: HttpRequest, found: Ticket, form: MessageForm, problem: str, missed: list[TicketMessage], now: datetime
) -> HttpResponse:
    """The text is kept: in the form for htmx, else as a draft on the page that comes."""
    viewer, text, kind = viewer_of(request), request.POST.get("text", ""), "note" if form.is_note else "answer"
    if not request.htmx:  # type: ignore[attr-defined]
        _keep(found, viewer, form.is_note, text, now)
        toast(request, problem, level=messages.ERROR)
        return redirect(found)
    context = composer(found, viewer, now) | since_then(request, found, viewer, now)
    context |= {"kind": kind, "problem": problem, "missed": missed}
    context[kind] |= {"text": text, "bundle": request.POST.get("bundle", context[kind]["bundle"])}
    return render(request, "crm/tickets/ticket_written.html", context, status=422)


@require_POST
@requires("tickets")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what somebody is writing. One that has been sent meanwhile is no draft any more."""
    found, viewer, now = ticket_of(request, pk), viewer_of(request), clock.now()
    text = request.POST.get("text", "")
    mine = TicketMessage.objects.visible_to(viewer).filter(ticket=found, user=viewer)
    sent = mine.filter(bundle=_bundle(request), called_off_at=None)
    if sent.exists():
        return JsonResponse({"kept": ""})
    _keep(found, viewer, request.POST.get("kind") == "note", text, now)
    return JsonResponse({"kept": said_kept(now, now) if text.strip() else ""})


def _keep(found: Ticket, viewer: User, is_note: bool, text: str, now: datetime) -> None:
    rows, text = TicketDraft.objects.filter(ticket=found, user=viewer, is_note=is_note), fit(text)[: rules.LONGEST_TEXT]
    if not text.strip():
        rows.delete()
        return
    row = TicketDraft(ticket=found, user=viewer, is_note=is_note, text=text, saved_at=now)
    TicketDraft.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["ticket", "user", "is_note"], update_fields=["text", "saved_at"]
    )  # fmt: skip


def _bundle(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("bundle", ""))
    except ValueError:
        return None


@require_POST
@requires("tickets")
def calling_off(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """Stop an answer of one's own; its words are in the composer again."""
    viewer = viewer_of(request)
    visible = TicketMessage.objects.visible_to(viewer).filter(ticket=pk, kind=TicketMessage.Kind.OUT)
    message = get_object_or_404(visible, pk=message_pk)
    try:
        if answering.call_off(message, viewer, clock.now()):
            toast(request, "Called off. Nothing has left; your text is here.")
        else:
            toast(request, "Too late: it has left already.", level=messages.ERROR)
    except TicketError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return redirect(f"{reverse('tickets:detail', args=[pk])}#answer")


@require_safe
@requires("tickets")
def canned(request: HttpRequest, pk: int) -> HttpResponse:
    """The macros that the viewer has, to choose from."""
    found = ticket_of(request, pk)
    rows = macros.offered(viewer_of(request))
    return render(request, "crm/tickets/ticket_macros.html", {"ticket": found, "macros": rows})


@require_safe
@requires("tickets")
def canned_one(request: HttpRequest, pk: int, macro_pk: int) -> HttpResponse:
    """Filled in for this ticket: {id, text, sets: [words]}. Nothing is sent."""
    viewer = viewer_of(request)
    rows = Ticket.objects.visible_to(viewer).select_related("account", "contact")
    found = get_object_or_404(rows, pk=pk)
    macro = macros.offered(viewer).filter(pk=macro_pk).first()
    if macro is None:
        raise Http404("There is no such macro.")
    try:
        text = macros.filled(macro, found, viewer)
    except TemplateError as error:
        return JsonResponse({"problem": f"“{macro}” cannot be filled in: {error}"}, status=422)
    return JsonResponse({"id": macro.pk, "text": text, "sets": macros.sets(macro)})
