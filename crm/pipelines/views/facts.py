"""What is known of a deal, changed in its place: fields, the checklist of its stage, who and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from crm.accounts.models import Contact
from crm.accounts.views import own
from crm.accounts.views.reaching import locked
from crm.pipelines.actions import editing, linking
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.forms import FactForm
from crm.pipelines.forms.deal import FACTS
from crm.pipelines.lists import number
from crm.pipelines.models import Deal
from crm.pipelines.values import COLUMNS, SUBJECT
from crm.pipelines.views.deal import fact_row
from crm.pipelines.views.moving import deal_of
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.models import Ticket
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast

#: Tickets that the dialog offers.
_OFFERED = 12


@require_http_methods(["GET", "HEAD", "POST"])
@requires("deals")
@transaction.atomic
def fact(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One field: its form, or with ?part=value what it reads. Kept unless somebody else changed this very field."""
    mine = own.named(SUBJECT, name)
    if name not in FACTS and mine is None:
        raise Http404("There is no such field.")
    visible: Any = Deal.objects.visible_to(request.user).select_related("account", "owner")
    row = get_object_or_404(locked(visible, request), pk=pk)
    if request.GET.get("part") == "value":
        return _value(request, row, name)
    typed = request.POST if request.method == "POST" else None
    form = FactForm(typed, instance=row, only=name, viewer=viewer_of(request))
    if not form.is_valid() or not _saved(form, request, name):
        return own.asked(request, form, name, f"{mine.name if mine else COLUMNS[name]} of {row}")
    if not request.htmx:  # type: ignore[attr-defined]
        return done(request, row.get_absolute_url())
    return _value(request, Deal.objects.visible_to(request.user).select_related("owner").get(pk=row.pk), name)


def _value(request: HttpRequest, row: Deal, name: str) -> HttpResponse:
    mine = own.named(SUBJECT, name)
    here = f"{address('pipelines:deal', row.pk)}facts/"
    shown = own.row_of(mine, row.custom, here) if mine else fact_row(row, name)
    return own.shown(request, shown)


def _saved(form: FactForm, request: HttpRequest, name: str) -> bool:
    """False: it is refused, and the form says why."""
    if name not in form.changed_data:
        return True
    try:
        editing.change(form.instance.pk, form.values(name), viewer_of(request), clock.now())
    except DealError as refusal:
        form.add_error(name, str(refusal))
        return False
    return True


@require_POST
@requires("deals")
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a line of the checklist of its stage, or with `off` no longer."""
    row = deal_of(request, pk)
    return _done(request, row, lambda: editing.tick(
        pk, request.POST.get("check", ""), "off" not in request.POST, viewer_of(request), clock.now()
    ))  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@requires("deals")
def people(request: HttpRequest, pk: int) -> HttpResponse:
    """Who of the customer has to do with it; with `off` somebody not any more."""
    row = deal_of(request, pk)
    if request.method == "POST":
        contact = number(request.POST.get("contact", ""))
        return _done(request, row, lambda: linking.link_contact(
            pk, contact, "off" not in request.POST, viewer_of(request), clock.now()
        ))  # fmt: skip
    theirs = Contact.objects.visible_to(request.user).filter(account=row.account_id).exclude(deals__deal=row)
    context = {"deal": row, "offered": theirs.order_by("-is_primary", "created_at", "pk")[: 4 * _OFFERED]}
    return dialog(request, "crm/pipelines/people.html", context, heading="Who has to do with it", back=_back(row))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("deals")
def tickets(request: HttpRequest, pk: int) -> HttpResponse:
    """What it came from or depends on; with `off` not any more."""
    row = deal_of(request, pk)
    if request.method == "POST":
        ticket = Ticket.objects.visible_to(request.user).filter(pk=number(request.POST.get("ticket", ""))).first()
        if ticket is None:
            toast(request, "There is no such ticket that you may see.", level=messages.ERROR)
            return redirect(row)
        return _done(request, row, lambda: linking.link_ticket(
            pk, ticket.pk, "off" not in request.POST, viewer_of(request), clock.now()
        ))  # fmt: skip
    theirs = Ticket.objects.visible_to(request.user).filter(account=row.account_id, is_spam=False, merged_into=None)
    offered = theirs.exclude(deals__deal=row).order_by("-created_at", "-id")[:_OFFERED]
    context = {"deal": row, "offered": offered}
    return dialog(request, "crm/pipelines/tickets.html", context, heading="Which ticket belongs to it", back=_back(row))


def _back(row: Deal) -> str:
    return str(row.get_absolute_url())


def _done(request: HttpRequest, row: Deal, verb: Callable[[], object]) -> HttpResponse:
    """To the deal's page, which says why if it was refused."""
    try:
        verb()
    except DealError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return done(request, _back(row)) if request.htmx else redirect(row)  # type: ignore[attr-defined]
