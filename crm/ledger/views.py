"""What people decide about contracts: on the pages of other rooms, and in dialogs of the customer's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import slots
from crm.history.models import Act
from crm.history.toasts import undoable
from crm.ledger import reading
from crm.ledger.actions import changing, leaving
from crm.ledger.actions.deals import confirm
from crm.ledger.forms import DISCOUNT, END, PAUSE, LeavingForm, ReasonsForm, TermsForm
from crm.ledger.models import Cancellation, CancelReason, Contract
from crm.ledger.showing import Shown, shown_first
from crm.team.models import User
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.returning import next_url
from crm.web.toasts import toast

type _Verb = Callable[[Contract, User, datetime], Act]
_form = require_http_methods(["GET", "HEAD", "POST"])


def _row(request: HttpRequest, pk: int) -> Contract:
    return get_object_or_404(Contract.objects.visible_to(request.user).select_related("account"), pk=pk)


@require_POST
@requires("edit_contracts")
def confirmation(request: HttpRequest, pk: int) -> HttpResponse:
    """One that was sold and is expected is paid, and counts. Back to where the button stood."""
    row = _row(request, pk)
    if deed := confirm(row, viewer_of(request), clock.now()):
        undoable(request, deed, f"The contract {row} is confirmed.")
    return redirect(next_url(request, row.account.get_absolute_url()))


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Its terms, what was paid, who wanted to leave, and what can be done about it."""
    row, now = _row(request, pk), clock.now()
    context = reading.contract(row, clock.today(now)) | {"may_edit": allows(request.user, "edit_contracts")}
    context["whose"] = str(row.account)
    context["doors"] = [(door.label, reverse(door.url_name, args=[row.pk])) for door in slots.contract_doors]
    heading, back = row.plan or "Contract", row.account.get_absolute_url()
    return dialog(request, "crm/ledger/contract.html", context, heading=heading, back=back)


@_form
@requires("edit_contracts")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Another price or plan from a day on."""
    row, now = _row(request, pk), clock.now()
    form = TermsForm(request.POST) if request.method == "POST" else TermsForm.of(row, clock.today(now))

    def verb(by: User, now: datetime) -> Act:
        return changing.change(row, form.terms(), by, now)

    shown = Shown("crm/ledger/change.html", f"Change {row}", "from_day")
    return shown_first(request, row.account, form, verb, shown, contract=row)


@_form
@requires("edit_contracts")
def cancellation(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody wants to leave: a pause or a discount first, and else the end."""
    row, now = _row(request, pk), clock.now()
    form = LeavingForm(request.POST or None, contract=row, today=clock.today(now))

    def verb(by: User, now: datetime) -> Act:
        data, asked = form.cleaned_data, form.asked()
        if data["way"] == PAUSE:
            return leaving.save_by_pause(row, asked, by, now)
        if data["way"] == DISCOUNT:
            less = leaving.Discount(data["percent"], data["months"])
            return leaving.save_by_discount(row, asked, less, by, now)
        return leaving.cancel(row, asked, data["effective_on"], by, now)

    day = "effective_on" if form.data.get("way") == END else ""
    shown = Shown("crm/ledger/cancel.html", f"{row}: they want to leave", day)
    return shown_first(request, row.account, form, verb, shown, contract=row)


def _at_once(verb: _Verb, words: str) -> Callable[[HttpRequest, int], HttpResponse]:
    """A button that asks nothing, since it can be undone."""

    @require_POST
    @requires("edit_contracts")
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        row = _row(request, pk)
        try:
            undoable(request, verb(row, viewer_of(request), clock.now()), f"The contract {row} {words}.")
        except changing.ChangeError as refusal:
            toast(request, str(refusal))
        return done(request, next_url(request, row.account.get_absolute_url()))

    guarded: Callable[[HttpRequest, int], HttpResponse] = view
    return guarded


@_form
@requires("manage_settings")
def reasons(request: HttpRequest) -> HttpResponse:
    """Why customers leave: what one chooses from when somebody wants to."""
    names = CancelReason.objects.filter(archived_at=None).values_list("name", flat=True)
    form = ReasonsForm(request.POST if request.method == "POST" else None, initial={"lines": "\n".join(names)})
    if form.is_valid():
        deed = leaving.set_reasons(form.cleaned_data["lines"], viewer_of(request), clock.now())
        undoable(request, deed, "The reasons are kept.")
        return redirect("ledger:reasons")
    used = Cancellation.objects.values("reason__name").annotate(many=Count("pk")).order_by("-many")[:12]
    context = {"form": form, "used": used}
    return render(request, "crm/ledger/reasons.html", context, status=422 if form.is_bound else 200)


pause = _at_once(changing.pause, "is paused")
resumption = _at_once(changing.resume, "runs again")
reinstatement = _at_once(leaving.reinstate, "is reinstated")
