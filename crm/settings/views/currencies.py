"""What other currencies are worth, and since when."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.history.toasts import undoable
from crm.ledger.actions import rates as verbs
from crm.ledger.actions.rates import NewRate
from crm.ledger.models import CurrencyRate
from crm.settings.forms import RateForm, RatesForm
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast

#: Rates of each currency that the page shows, the latest first.
SHOWN = 24


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def currencies(request: HttpRequest) -> HttpResponse:
    """Every rate with its day; a POST adds one."""
    form = RateForm(request.POST if request.method == "POST" else None, initial={"valid_from": clock.today()})
    if form.is_valid():
        data = form.cleaned_data
        return _add(request, [NewRate(data["code"], data["valid_from"], data["rate"])])
    return _page(request, form=form)


@require_POST
@requires("manage_settings")
def paste(request: HttpRequest) -> HttpResponse:
    """All lines, or none if one of them is not understood."""
    form = RatesForm(request.POST, now=clock.now())
    return _add(request, form.cleaned_data["lines"]) if form.is_valid() else _page(request, pasted=form)


def _add(request: HttpRequest, rates: list[NewRate]) -> HttpResponse:
    done, new = verbs.add(rates, viewer_of(request), clock.now())
    known = len({(one.code, one.valid_from) for one in rates}) - new
    stays = f" {known} stayed: a currency has one rate from a day on, and it is never changed." if known else ""
    if done:
        undoable(request, done, f"{new} rate{'' if new == 1 else 's'} added.{stays}")
    else:
        toast(request, f"Nothing changed.{stays}", level=messages.INFO)
    return redirect("settings:currencies")


@require_POST
@requires("manage_settings")
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    rate = get_object_or_404(CurrencyRate, pk=pk)
    done = verbs.remove(rate, viewer_of(request), clock.now())
    if done:
        undoable(request, done, f"The rate of {rate.code} from {rate.valid_from} is removed.")
    else:
        toast(request, f"Amounts have been booked with it, so it stays. Add a newer rate of {rate.code} instead.",
              level=messages.ERROR)  # fmt: skip
    return redirect("settings:currencies")


def _page(request: HttpRequest, **forms: Form) -> HttpResponse:
    now = clock.now()
    rows = list(CurrencyRate.objects.select_related("added_by").order_by("code", "-valid_from"))
    booked = verbs.used(rows)
    listed = {
        code: [{"row": row, "used": row.pk in booked} for row in list(of)[:SHOWN]]
        for code, of in groupby(rows, key=lambda row: row.code)
    }
    standing_in = {code: rate for code, rate in sorted(settings.CURRENCY_RATES.items()) if code not in listed}
    others = [(code, many) for code, many in verbs.in_use() if code != settings.CURRENCY]
    context: dict[str, Any] = {
        "reporting": settings.CURRENCY, "listed": listed, "standing_in": standing_in, "today": clock.today(now),
        "others": [(code, many, code in listed or code in standing_in) for code, many in others],
        "form": RateForm(initial={"valid_from": clock.today(now)}), "pasted": RatesForm(now=now),
    } | forms  # fmt: skip
    wrong = any(form.errors for form in forms.values())
    return render(request, "crm/settings/currencies.html", context, status=422 if wrong else 200)
