"""Billing for admins: how it is connected, who waits for a person, and what the last look found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.billing import reading
from crm.billing.actions import linking
from crm.billing.actions.waiting import NoRate
from crm.billing.forms import ConnectForm, LinkForm
from crm.billing.models import BillingCustomer, BillingSettings
from crm.billing.stripe import asking, looking
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.pagination import BadCursor, Page
from crm.web.returning import next_url
from crm.web.toasts import toast


@never_cache
@require_safe
@requires("manage_settings")
def page(request: HttpRequest) -> HttpResponse:
    """How billing stands."""
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/billing/unmatched.html#rows", {"page": _unmatched(request)})
    return _page(request)


@never_cache
@require_safe
@requires("manage_settings")
def away(request: HttpRequest) -> HttpResponse:
    """Who was put away; linked to a customer, they are known from then on."""
    rows = request.htmx and request.GET.get("cursor")
    context = {"page": _listed(request, reading.put_away)}
    return render(request, f"crm/billing/away.html{'#rows' if rows else ''}", context)


def _unmatched(request: HttpRequest) -> Page[BillingCustomer]:
    return _listed(request, reading.unmatched)


def _listed(request: HttpRequest, read: Callable[[User, str | None], Page[BillingCustomer]]) -> Page[BillingCustomer]:
    try:
        return read(viewer_of(request), request.GET.get("cursor"))
    except BadCursor as error:
        raise BadRequest(str(error)) from error


def _page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    """With a form that is wrong, or a secret to show, in `more`."""
    shown = reading.page(viewer_of(request), clock.now())
    form = ConnectForm(initial={"makes_accounts": shown["row"].makes_accounts})
    context: dict[str, Any] = {
        **shown, "page": _unmatched(request), "form": form,
        "stripe_url": _ours("stripe"), "hook_url": _ours("billing"), **more,
    }  # fmt: skip
    return render(request, "crm/billing/page.html", context, status=status)


def _ours(name: str) -> str:
    return f"{settings.BASE_URL}{reverse(f'billing_hooks:{name}')}"


@require_safe
@requires("manage_settings")
def guide(request: HttpRequest) -> HttpResponse:
    """For whoever writes the other side of the signed hook."""
    return render(request, "crm/billing/guide.html", {"hook_url": _ours("billing")})


@require_POST
@requires("manage_settings")
def connection(request: HttpRequest) -> HttpResponse:
    """Secrets of Stripe are given, or (`off`) taken away."""
    raise_if_reauthentication_required(request, app="allauth.mfa")
    by, now = viewer_of(request), clock.now()
    if "off" in request.POST:
        linking.disconnect(by, now)
        toast(request, "Stripe is not connected any more. What it told stays in the ledger.")
        return redirect("billing:page")
    form = ConnectForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, form=form)
    linking.connect(form.cleaned_data, by, now)
    toast(request, "Saved. Send a test event from Stripe, and compare once.")
    return redirect("billing:page")


@never_cache
@require_POST
@requires("manage_settings")
def hook_secret(request: HttpRequest) -> HttpResponse:
    """A secret for other systems, on the page that answers; the former one is believed for a day more."""
    raise_if_reauthentication_required(request, app="allauth.mfa")
    had = bool(BillingSettings.the_only().hook_secret)
    made = linking.fresh_hook_secret(viewer_of(request), clock.now())
    return _page(request, secret=made, rotated=had)


@require_POST
@requires("manage_settings")
def test(request: HttpRequest) -> HttpResponse:
    """Whether Stripe takes the key: one event is asked for, and thrown away."""
    try:
        asking.get("/v1/events", {"limit": 1}, clock.now())
    except (asking.NotAsked, asking.Refused) as error:
        toast(request, f"Stripe did not answer. {error}", level=messages.ERROR)
    else:
        toast(request, "Stripe answers, and takes the key.")
    return redirect(next_url(request, reverse("billing:page")))


@require_POST
@requires("manage_settings")
def look(request: HttpRequest) -> HttpResponse:
    """Compare with Stripe now."""
    began = looking.ask(clock.now())
    toast(request, "The comparison begins within a minute." if began else "It is being compared already.")
    return redirect("billing:page")


def _customer(request: HttpRequest, pk: int) -> BillingCustomer:
    return get_object_or_404(BillingCustomer.objects.visible_to(request.user), pk=pk, account=None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Who a customer of a billing system is here."""
    row, viewer = _customer(request, pk), viewer_of(request)
    form = LinkForm(request.POST or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        account = form.cleaned_data["account"]
        try:
            linking.link(row, account, viewer, clock.now())
        except (linking.NotLinked, NoRate) as error:
            form.add_error("account", str(error))
        else:
            toast(request, f"{row} is {account}. What billing said of them is in the ledger.")
            return done(request, reverse("billing:page"))
    context = {"form": form, "row": row}
    status = 422 if request.method == "POST" else 200
    heading, back = f"Who is {row}?", reverse("billing:page")
    return dialog(request, "crm/billing/link.html", context, heading=heading, back=back, status=status)


@require_POST
@requires("manage_settings")
def put_away(request: HttpRequest, pk: int) -> HttpResponse:
    """They are nothing to us."""
    row = _customer(request, pk)
    try:
        linking.put_away(row, viewer_of(request), clock.now())
    except linking.NotLinked as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        toast(request, f"{row} does not wait any more.")
    return redirect("billing:page")
