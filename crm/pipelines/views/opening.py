"""A new deal: for the customer, the person or the ticket that one comes from, or for whom one looks for first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from crm.accounts.models import Account, Contact
from crm.pipelines.actions.opening import open_deal
from crm.pipelines.actions.refusals import DealError, GateError
from crm.pipelines.forms import NewDealForm
from crm.pipelines.lists import number
from crm.pipelines.models import Pipeline
from crm.pipelines.values import labels
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.models import Ticket
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.returning import next_url
from crm.web.toasts import toast

_FOUND = 8


@dataclass(frozen=True)
class For:
    """Whom a deal is for, and where it comes from."""

    account: Account
    contact: Contact | None = None
    ticket: Ticket | None = None

    @property
    def source(self) -> str:
        return f"Ticket #{self.ticket.pk}" if self.ticket else ""


def _for(told: Any, viewer: User) -> For | None:
    """What `account`, `contact` or `ticket` in an address say; None: nobody yet. Raises Http404."""
    accounts, found = Account.objects.visible_to(viewer), None
    if pk := number(told.get("ticket", "")):
        ticket = Ticket.objects.visible_to(viewer).select_related("contact").filter(pk=pk).first()
        account = accounts.filter(pk=ticket.account_id or 0).first() if ticket else None
        found = For(account, ticket.contact, ticket) if ticket and account else None
    elif pk := number(told.get("contact", "")):
        contact = Contact.objects.visible_to(viewer).select_related("account").filter(pk=pk).first()
        found = For(contact.account, contact) if contact else None
    elif pk := number(told.get("account", "")):
        account = accounts.filter(pk=pk).first()
        found = For(account) if account else None
    else:
        return None
    if found is None:
        raise Http404("There is no such customer that you may see.")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@requires("deals")
def new_deal(request: HttpRequest) -> HttpResponse:
    """`account`, `contact` or `ticket` say for whom; `pipeline` where it begins, unless the form says so."""
    viewer, now = viewer_of(request), clock.now()
    whose = _for(request.GET, viewer) or _for(request.POST, viewer)
    back = next_url(request, "/pipelines/")
    if not Pipeline.objects.in_use().exists():
        context: dict[str, Any] = {"next": back}
        return dialog(request, "crm/pipelines/none_yet.html", context, heading="New deal", back=back)
    if whose is None:
        context = {"next": back, "pipeline": number(request.GET.get("pipeline", "")), "found": ()}
        return dialog(request, "crm/pipelines/new_for.html", context, heading="New deal for whom", back=back)
    if request.method != "POST":
        first = {"stage": _first_stage(request), "title": request.GET.get("title", ""), "source": whose.source}
        return _asked(request, NewDealForm(account=whose.account, viewer=viewer, initial=first), whose, back)
    form = NewDealForm(request.POST, account=whose.account, viewer=viewer)
    if form.is_valid():
        people = (whose.contact.pk,) if whose.contact else ()
        try:
            made = open_deal(form.deal(people, (whose.ticket.pk,) if whose.ticket else ()), viewer, now)
        except GateError as gate:
            asked = ", ".join(labels(gate.missing.fields))
            form.add_error("stage", f"{gate.stage} asks for {asked}. Begin in an earlier stage, or fill that in.")
        except DealError as refusal:
            form.add_error(None, str(refusal))
        else:
            toast(request, f"{made} is in {made.stage}.")
            return done(request, next_url(request, str(made.get_absolute_url())))
    return _asked(request, form, whose, back)


def _first_stage(request: HttpRequest) -> int | None:
    """Of the pipeline that one comes from, or of the first one."""
    chosen = Pipeline.objects.in_use().filter(pk=number(request.GET.get("pipeline", ""))).first()
    pipeline = chosen or Pipeline.objects.in_use().first()
    stage = pipeline.stages.in_use().filter(outcome="open").first() if pipeline else None
    return stage.pk if stage else None


def _asked(request: HttpRequest, form: NewDealForm, whose: For, back: str) -> HttpResponse:
    context = {"form": form, "whose": whose, "next": request.GET.get("next") or request.POST.get("next") or ""}
    status = 422 if form.is_bound else 200
    return dialog(request, "crm/pipelines/new.html", context, heading=f"New deal · {whose.account}", back=back,
                  status=status)  # fmt: skip


@require_GET
@requires("deals")
def customers(request: HttpRequest) -> HttpResponse:
    """Customers whose names hold what is typed in `find`."""
    text = request.GET.get("find", "").strip().replace("\0", "")
    viewer = viewer_of(request)
    found = list(Account.objects.visible_to(viewer).called(text).order_by()[:_FOUND]) if text else []
    context = {
        "found": sorted(found, key=lambda one: one.name.casefold()), "text": text,
        "pipeline": number(request.GET.get("pipeline", "")), "next": next_url(request, ""),
    }  # fmt: skip
    return render(request, "crm/pipelines/new_for.html#found", context | {"frame": "ui/dialog_part.html"})
