"""What is known of a ticket, each field changed in its place; and what is done to it with one press."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_http_methods, require_POST

from crm.accounts.views import own
from crm.accounts.views.reaching import locked
from crm.history.toasts import undoable
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets import clocks
from crm.tickets.actions import assigning, following
from crm.tickets.actions.saying import TicketError
from crm.tickets.actions.turning import set_status
from crm.tickets.forms import FactForm
from crm.tickets.models import Ticket, TicketChange
from crm.tickets.views.ticket_onward import after_solving
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import done
from crm.web.returning import next_url
from crm.web.toasts import toast

#: Rows of the card: field → label. The subject stands on top of the page.
FACTS = {
    "assignee": "Assignee", "team": "Team", "priority": "Priority", "category": "Category", "tags": "Tags",
    "copied": "Reads along",
}  # fmt: skip
#: Those that stand there without a value too.
_ALWAYS = frozenset({"assignee", "category", "tags"})
_TONES = {1: "", 2: "", 3: "warn", 4: "bad"}


def _priority(row: Ticket) -> Any:
    label = Ticket.Priority(row.priority).label
    tone = _TONES[row.priority]
    return format_html('<span class="badge {}">{}</span>', tone, label) if tone else label


_READ: dict[str, Callable[[Ticket], Any]] = {
    "assignee": lambda row: row.assignee or "",
    "team": lambda row: row.team or "",
    "priority": _priority,
    "category": lambda row: row.category or "",
    "tags": lambda row: format_html_join(" ", '<span class="tag">{}</span>', ((tag,) for tag in row.tags)),
    "copied": lambda row: ", ".join(row.copied),
    "subject": lambda row: row.subject,
}


def rows(row: Ticket) -> dict[str, Any]:
    """The card: its rows, those without a value folded away, and cards for the headings of fields of one's own."""
    here = f"{address('tickets:detail', row.pk)}facts/"
    every = [_row(row, name) | ({"filled": True} if name in _ALWAYS else {}) for name in FACTS]
    mine, cards = own.cards(every, "ticket", row.custom, here)
    return {"card": mine, "cards": cards, "subject": _row(row, "subject")}


def _row(row: Ticket, name: str) -> dict[str, Any]:
    url = f"{address('tickets:detail', row.pk)}facts/{name}/"
    return own.row(FACTS.get(name, "Subject"), _READ[name](row), url)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("tickets")
@transaction.atomic
def fact(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One field: its form, or with ?part=value what it reads. Kept unless somebody else changed this very field."""
    mine = own.named("ticket", name)
    if name not in (*FACTS, "subject") and mine is None:
        raise Http404("There is no such field.")
    visible: Any = Ticket.objects.visible_to(request.user).select_related("assignee", "team", "category", "level")
    row = get_object_or_404(locked(visible, request), pk=pk)

    def shown() -> dict[str, Any]:
        here = f"{address('tickets:detail', pk)}facts/"
        return own.row_of(mine, row.custom, here) if mine else _row(row, name)

    if request.GET.get("part") == "value":
        return own.shown(request, shown())
    typed = request.POST if request.method == "POST" else None
    form = FactForm(typed, instance=row, only=name, viewer=viewer_of(request))
    if not form.is_valid() or not _saved(form, request, name, clock.now()):
        label = mine.name if mine else FACTS.get(name, "Subject")
        return own.asked(request, form, name, f"{label} of #{row.pk}")
    if not request.htmx:  # type: ignore[attr-defined]
        return done(request, row.get_absolute_url())
    return own.shown(request, shown())


def _saved(form: FactForm, request: HttpRequest, name: str, now: datetime) -> bool:
    """False: it is refused, and the form says why. Hand-overs tell whom they concern."""
    row, by = form.instance, viewer_of(request)
    if name not in form.changed_data:
        return True
    if name not in ("assignee", "team"):
        clocks.wind(row, now)
        form.save()
        return True
    user, team = row.assignee, row.team
    try:
        with transaction.atomic():
            assigning.assign(Ticket(pk=row.pk), user, team, by, now)
    except TicketError as refusal:
        form.add_error(name, str(refusal))
        return False
    return True


def _visible(request: HttpRequest, pk: int) -> Ticket:
    return get_object_or_404(Ticket.objects.visible_to(request.user), pk=pk)


def _back(request: HttpRequest, row: Ticket) -> HttpResponse:
    """To the page as it was, which knows the queue that one came from."""
    return redirect(next_url(request, row.get_absolute_url()))


@require_POST
@requires("tickets")
def status(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn it; the toast takes that back. Who solves may go on to the next ticket of the queue."""
    row, by, now = _visible(request, pk), viewer_of(request), clock.now()
    there = ""
    wanted = request.POST.get("status", "")
    if wanted not in Ticket.Status.values or wanted in (Ticket.Status.NEW, Ticket.Status.CLOSED):
        toast(request, "Choose one of the statuses.", level=messages.ERROR)
        return _back(request, row)
    try:
        if set_status(row, wanted, by, now) and (made := row.spells.select_related("act").get(ended_at=None).act):
            undoable(request, made, f"#{row.pk} is {Ticket.Status(wanted).label.lower()}.")
            there = after_solving(request, next_url(request, ""), by, now) if wanted == Ticket.Status.SOLVED else ""
    except TicketError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return redirect(there) if there else _back(request, row)


@require_POST
@requires("tickets")
def taking(request: HttpRequest, pk: int) -> HttpResponse:
    """It is mine from now on."""
    row, by, now = _visible(request, pk), viewer_of(request), clock.now()
    try:
        if assigning.assign(row, by, row.team, by, now):
            change = TicketChange.objects.select_related("act").filter(pgh_obj=row).latest("pgh_id")
            undoable(request, change.act, f"#{row.pk} is yours.")
    except TicketError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return _back(request, row)


@require_POST
@requires("tickets")
def following_it(request: HttpRequest, pk: int) -> HttpResponse:
    """With `stop` not any more."""
    row, viewer = _visible(request, pk), viewer_of(request)
    if "stop" in request.POST:
        following.unfollow(row, viewer)
    else:
        following.follow(row, viewer)
    return _back(request, row)
