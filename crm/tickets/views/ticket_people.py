"""Who asks: choosing somebody on record, or putting somebody new there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.accounts.models import Account, Contact
from crm.history.models import Act
from crm.history.toasts import undoable
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.actions import requesting
from crm.tickets.actions.saying import TicketError
from crm.tickets.forms import NewPersonForm
from crm.tickets.models import Ticket
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast

#: People, and customers, that the dialog offers.
_PEOPLE, _CUSTOMERS = 8, 3


@require_http_methods(["GET", "HEAD", "POST"])
@requires("tickets")
def requester(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose who asks; ?q= looks for people."""
    viewer = viewer_of(request)
    found = _ticket(request, pk)
    if request.method == "POST":
        text = request.POST.get("contact", "")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        contact = Contact.objects.visible_to(viewer).select_related("account").filter(pk=number).first()
        if contact is None:
            toast(request, "Choose one of the people.", level=messages.ERROR)
            return done(request, found.get_absolute_url())
        return _chosen(request, found, lambda: requesting.choose(found, contact, viewer, clock.now()), contact.name)
    asked = request.GET.get("q", "").strip().replace("\0", "")
    context = {"ticket": found, "asked": asked, "people": _people(found, asked, viewer)}
    if "q" in request.GET and request.htmx:  # type: ignore[attr-defined]
        template = "crm/tickets/ticket_requester.html#people"
        return render(request, template, context | {"frame": "ui/dialog_part.html"})
    return _asked(request, found, context, NewPersonForm(viewer=viewer, initial=_first(found, viewer)))


@require_POST
@requires("tickets")
def new_requester(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody new at a customer asks."""
    viewer, found = viewer_of(request), _ticket(request, pk)
    form = NewPersonForm(request.POST, viewer=viewer)
    if not form.is_valid():
        return _asked(request, found, {"ticket": found, "people": _people(found, "", viewer)}, form)
    data = form.cleaned_data
    name = f"{data['first_name']} {data['last_name']}".strip()
    return _chosen(request, found, lambda: requesting.introduce(
        found, data["account"], data["first_name"], data["last_name"], viewer, clock.now()), name)  # fmt: skip


def _ticket(request: HttpRequest, pk: int) -> Ticket:
    visible = Ticket.objects.visible_to(request.user).select_related("account", "contact")
    return get_object_or_404(visible, pk=pk)


def _chosen(request: HttpRequest, found: Ticket, verb: Any, name: str) -> HttpResponse:
    try:
        made: Act | None = verb()
    except TicketError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        if made:
            undoable(request, made, f"#{found.pk} is {name}’s.")
    return done(request, found.get_absolute_url())


def _people(found: Ticket, asked: str, viewer: User) -> list[Contact]:
    """By words; without any, those of its customer, else those of customers whose domain the sender writes from."""
    rows = Contact.objects.visible_to(viewer).select_related("account")
    if asked:
        return list(rows.called(asked).order_by()[:_PEOPLE])
    if found.account_id:
        rows = rows.filter(account=found.account_id)
    elif customers := _customers(found, viewer):
        rows = rows.filter(account__in=customers)
    else:
        return []
    return list(rows.exclude(pk=found.contact_id or 0).order_by("-is_primary", "created_at", "id")[:_PEOPLE])


def _customers(found: Ticket, viewer: User) -> list[Account]:
    _, at, domain = found.requester_handle.rpartition("@")
    if not at or not domain:
        return []
    return list(Account.objects.visible_to(viewer).filter(domain=domain).order_by("id")[:_CUSTOMERS])


def _first(found: Ticket, viewer: User) -> dict[str, str]:
    """What is known of the new person already."""
    customers = [found.account] if found.account else _customers(found, viewer)
    first, _, last = found.requester_name.partition(" ")
    names = {"first_name": first, "last_name": last} if found.contact is None else {}
    account = f"{customers[0].name} #{customers[0].pk}" if customers and customers[0] else ""
    return {"account": account} | names


def _asked(request: HttpRequest, found: Ticket, context: dict[str, Any], form: NewPersonForm) -> HttpResponse:
    heading, back, status = f"Who asks in #{found.pk}?", found.get_absolute_url(), 422 if form.is_bound else 200
    return dialog(
        request, "crm/tickets/ticket_requester.html", context | {"form": form}, heading=heading, back=back,
        status=status,
    )  # fmt: skip
