"""What a customer paid and bought, and the dialogs in which somebody enters it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from crm.accounts.models import Account
from crm.accounts.views.profile import tabs
from crm.history.models import Act
from crm.history.toasts import undoable
from crm.ledger.actions import by_hand
from crm.ledger.actions.payments import PaymentError
from crm.ledger.models import Payment
from crm.ledger.money import reading
from crm.ledger.money.forms import ContractForm, PaymentForm, PurchaseForm, RefundForm, SettleForm
from crm.ledger.showing import TOO_LARGE, Shown, shown_first
from crm.slots import deciding
from crm.team.models import User
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock, wording
from crm.web.dialogs import dialog, done
from crm.web.pagination import BadCursor

_form = require_http_methods(["GET", "HEAD", "POST"])


def _account(request: HttpRequest, pk: int) -> Account:
    return get_object_or_404(Account.objects.visible_to(request.user), pk=pk)


@require_safe
def payments(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest first; for htmx the part of the page, or with a cursor the following rows."""
    return _listed(request, _account(request, pk), "payments", reading.payments)


@require_safe
def purchases(request: HttpRequest, pk: int) -> HttpResponse:
    """As `payments`."""
    return _listed(request, _account(request, pk), "purchases", reading.purchases)


def _listed(request: HttpRequest, account: Account, what: str, read: Callable[..., Any]) -> HttpResponse:
    cursor = request.GET.get("cursor")
    try:
        lines, page = read(account, viewer_of(request), cursor)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    context = {
        "account": account, "tabs": tabs(account.pk), "tab": "payments", "what": what, "lines": lines, "page": page,
        "may_edit": allows(request.user, "edit_contracts"),
    }  # fmt: skip
    part = ("#rows" if cursor else "#story") if request.htmx else ""  # type: ignore[attr-defined]
    answer = render(request, f"crm/ledger/money/{what}.html{part}", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@_form
@requires("edit_contracts")
def new_contract(request: HttpRequest, pk: int) -> HttpResponse:
    """What follows for MRR is shown before it is entered."""
    account, now = _account(request, pk), clock.now()
    form = ContractForm(request.POST) if request.method == "POST" else ContractForm.empty(clock.today(now))

    def verb(by: User, now: datetime) -> Act:
        return by_hand.begin(account, form.booking(), form.cleaned_data["status"], form.form_key, by, now)

    shown = Shown("crm/ledger/money/contract.html", "New contract", "day")
    return shown_first(request, account, form, verb, shown, biller=deciding.biller(account.pk))


@_form
@requires("edit_contracts")
def new_payment(request: HttpRequest, pk: int) -> HttpResponse:
    account, now = _account(request, pk), clock.now()
    form = PaymentForm(request.POST or None, account=account, today=clock.today(now))

    def verb(by: User) -> Act:
        return by_hand.pay(account, form.payment(), form.form_key, by, now)

    return _entered(request, account, form, verb, "payment.html", "New payment", biller=deciding.biller(account.pk))


@_form
@requires("edit_contracts")
def new_purchase(request: HttpRequest, pk: int) -> HttpResponse:
    account, now = _account(request, pk), clock.now()
    form = PurchaseForm(request.POST or None, account=account, today=clock.today(now))

    def verb(by: User) -> Act:
        return by_hand.buy(account, form.purchase(), form.form_key, by, now)

    return _entered(request, account, form, verb, "purchase.html", "New purchase", "purchases")


def _payment(request: HttpRequest, pk: int) -> Payment:
    return get_object_or_404(Payment.objects.visible_to(request.user).select_related("account"), pk=pk)


@_form
@requires("edit_contracts")
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """What was due has come in."""
    row, now = _payment(request, pk), clock.now()
    form = SettleForm(request.POST or None, today=clock.today(now))

    def verb(by: User) -> Act:
        return by_hand.settle(row, form.cleaned_data["day"], form.form_key, by, now)

    return _entered(request, row.account, form, verb, "receipt.html", f"{row} came in")


@_form
@requires("edit_contracts")
def refund(request: HttpRequest, pk: int) -> HttpResponse:
    """Money of a payment went back."""
    row, now = _payment(request, pk), clock.now()
    form = RefundForm(request.POST or None, payment=row, today=clock.today(now))

    def verb(by: User) -> Act:
        return by_hand.give_back(row, form.cleaned_data["amount"], form.cleaned_data["day"], form.form_key, by, now)

    return _entered(request, row.account, form, verb, "refund.html", f"Refund of {_paid(row)}")


def _paid(row: Payment) -> str:
    return f"{row}, paid {wording.day(clock.today(row.paid_at))}" if row.paid_at else str(row)


def _entered(
    request: HttpRequest, account: Account, form: Any, verb: Callable[[User], Act], template: str, heading: str,
    then: str = "payments", **more: Any,
) -> HttpResponse:  # fmt: skip
    """The dialog, and from it back to the list in which what was entered stands."""
    back = reverse(f"money:{then}", args=[account.pk])
    if form.is_valid():
        try:
            deed = verb(viewer_of(request))
            undoable(request, deed, f"{deed.label[:1].upper()}{deed.label[1:]}.")
            return done(request, back)
        except PaymentError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        except DataError:
            form.add_error(None, TOO_LARGE)
    context = {"form": form, "whose": str(account), **more}
    status = 422 if form.is_bound else 200
    return dialog(request, f"crm/ledger/money/{template}", context, heading=heading, back=back, status=status)
