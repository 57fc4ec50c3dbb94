"""Answering: drafts kept as one types, canned answers, sending, and thinking better of it for ten seconds."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote
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
from crm.tickets import delivering, macros, rules
from crm.tickets.actions import drafting
from crm.tickets.actions.answering import Overtaken, Written
from crm.tickets.actions.saying import TicketError
from crm.tickets.forms import MessageForm
from crm.tickets.models import Macro, Ticket, TicketMessage
from crm.tickets.views.ticket import ticket_of
from crm.tickets.views.ticket_composer import composer, said_kept, uses
from crm.tickets.views.ticket_live import page_of, since_then
from crm.tickets.views.ticket_onward import after_solving
from crm.web import clock
from crm.web.dialogs import done
from crm.web.returning import next_url
from crm.web.toasts import toast


@require_POST
@requires("tickets")
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """An answer or a note. For htmx the composer comes back, empty or with what was refused, and what is new; or who
    solved with it goes on to the next ticket of the queue."""
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
    solved = fresh.status == Ticket.Status.SOLVED != found.status
    if solved and (there := after_solving(request, page_of(request, found), viewer, now)):
        return done(request, there)
    context = since_then(request, fresh, viewer, now) | composer(fresh, viewer, now) | {"kind": form.data["kind"]}
    return render(request, "crm/tickets/ticket_written.html", context)


def _send(form: MessageForm, found: Ticket, viewer: User, now: datetime) -> TicketMessage:
    data = form.cleaned_data
    macro = data["macro"]
    then = data["then"] or (macro.sets.get("status", "") if macro else "")
    written = Written(data["bundle"], data["text"], form.is_note, then, data["files"], data["seen"], data["channel"])
    return macros.send(found, written, macro, viewer, now)


def _said(request: HttpRequest, found: Ticket, message: TicketMessage, is_note: bool) -> None:
    if is_note:
        toast(request, "Your note is here, for the team alone.")
        return
    back = quote(page_of(request, found), safe="")
    undo = f"{reverse('tickets:calling_off', args=[found.pk, message.pk])}?next={back}"
    toast(request, f"Your answer leaves in {UNDO_FOR.seconds} seconds.", undo=undo)


def _refused(
    request: HttpRequest, found: Ticket, form: MessageForm, problem: str, missed: list[TicketMessage], now: datetime
) -> HttpResponse:
    """The text is kept: in the form for htmx, else as a draft on the page that comes."""
    viewer, text, kind = viewer_of(request), request.POST.get("text", ""), "note" if form.is_note else "answer"
    if not request.htmx:  # type: ignore[attr-defined]
        drafting.keep(found, viewer, form.is_note, _fitting(text), now, macro=_macro(request))
        toast(request, problem, level=messages.ERROR)
        return redirect(found)
    context = since_then(request, found, viewer, now)
    context |= composer(found, viewer, now, request.POST.get("channel", ""))
    context |= {"kind": kind, "problem": problem, "missed": missed}
    context[kind] |= {"text": text, "bundle": request.POST.get("bundle", context[kind]["bundle"])}
    context[kind] |= uses(_macro(request))
    return render(request, "crm/tickets/ticket_written.html", context, status=422)


@require_POST
@requires("tickets")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what somebody is writing. One that has been sent meanwhile is no draft any more."""
    found, viewer, now = ticket_of(request, pk), viewer_of(request), clock.now()
    text, is_note = _fitting(request.POST.get("text", "")), request.POST.get("kind") == "note"
    kept = drafting.keep(found, viewer, is_note, text, now, _bundle(request), _macro(request)) and text.strip()
    return JsonResponse({"kept": said_kept(now, now) if kept else ""})


def _fitting(text: str) -> str:
    return fit(text)[: rules.LONGEST_TEXT]


def _macro(request: HttpRequest) -> Macro | None:
    """That the form uses, if the viewer is offered it."""
    pk = request.POST.get("macro", "")
    return macros.offered(viewer_of(request)).filter(pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None


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
        if macros.call_off(message, viewer, clock.now()):
            toast(request, "Called off. Nothing has left; your text is here.")
        else:
            toast(request, "Too late: it has left already.", level=messages.ERROR)
    except TicketError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return redirect(f"{next_url(request, reverse('tickets:detail', args=[pk]))}#answer")


@require_safe
@requires("tickets")
def ways(request: HttpRequest, pk: int) -> HttpResponse:
    """Where an answer can leave, to choose from."""
    found = get_object_or_404(Ticket.objects.visible_to(viewer_of(request)).select_related("contact"), pk=pk)
    return render(request, "crm/tickets/ticket_ways.html", {"ways": delivering.ways_to(found), "ticket": found})


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
    return JsonResponse({"id": macro.pk, "text": text, "sets": macros.sets(macro, macros.category_names([macro]))})
