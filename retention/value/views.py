"""Who should be grown, who costs more than they bring, and what a customer is worth beside their page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from crm.accounts.models import Account
from crm.history.toasts import undoable
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from retention.value import actions, monthly, pairs, reading, rules, walking
from retention.value.forms import PricesForm
from retention.value.models import AccountValue, ValueSettings


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Both verdicts with their reasons; the numbers open the names."""
    viewer, now = viewer_of(request), clock.now()
    day, is_current = walking.counted(now)
    lines, counts = reading.verdicts(viewer, clock.today(now)), reading.counts(viewer)
    context: dict[str, Any] = {
        "day": day, "is_current": is_current, "currency": settings.CURRENCY, "prices": ValueSettings.the_only(),
        "groups": [
            (verdict, label, counts[verdict], reading.names_of(verdict), lines[verdict])
            for verdict, label in rules.VERDICTS
        ],
        "factors": rules.FACTORS.values(), "ready_from": rules.READY_FROM,
        "may_set": allows(viewer, "manage_settings"),
    }  # fmt: skip
    return render(request, "retention/value/overview.html", context)


@require_safe
def beside(request: HttpRequest, pk: int) -> HttpResponse:
    """The card of one customer, fetched when their page is there."""
    now = clock.now()
    of = get_object_or_404(Account.objects.visible_to(viewer_of(request)), pk=pk)
    row = AccountValue.objects.visible_to(viewer_of(request)).filter(account=of).first()
    context: dict[str, Any] = {"account": of, "currency": settings.CURRENCY, "value": row}
    if row:
        row.account = of
        facts = reading.facts_of(row, clock.today(now))
        context |= {"factors": reading.factors(facts), "hours": rules.hours(row.minutes)}
    context["recommended"] = pairs.recommended([of.pk]).get(of.pk, [])
    return render(request, "retention/value/beside.html", context)


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """What the customer's report of last month would say of them; reading it sends nothing."""
    now = clock.now()
    rows = Account.objects.visible_to(viewer_of(request)).annotate(told=monthly.something_to_tell(None, now))
    of: Any = get_object_or_404(rows, pk=pk)
    subject, text, facts = reading.letter(of, now)
    month = facts.get("month") or monthly.facts([pk], now)[pk]  # a recipe of other words may not name it
    context = {"account": of, "month": month, "told": of.told, "mail": (subject, text)}
    return render(request, "retention/value/report.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def prices(request: HttpRequest) -> HttpResponse:
    form = PricesForm(request.POST if request.method == "POST" else None, instance=ValueSettings.the_only())
    if form.is_bound and form.is_valid():
        done = actions.set_prices(form.cleaned_data, viewer_of(request), clock.now())
        undoable(request, done, "Kept. Everything is counted anew within minutes.")
        return redirect("value:prices")
    return render(request, "retention/value/prices.html", {"form": form}, status=422 if form.errors else 200)
