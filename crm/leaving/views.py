"""What our people see of it: a link for one contract, the offers that admins set, and why customers leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.history.toasts import undoable
from crm.leaving import actions, reading, report, rules, tokens
from crm.leaving.forms import PolicyForm, offer_forms
from crm.leaving.models import LeavingPolicy
from crm.ledger.models import Contract
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.pagination import BadCursor, keyset_page
from crm.web.toasts import toast


@require_safe
@requires("edit_contracts")
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """The address on which this customer can pause or cancel by themselves. Reading it makes and changes nothing."""
    rows: Any = Contract.objects.visible_to(viewer_of(request))
    row = get_object_or_404(rows.select_related("account"), pk=pk)
    last, reader = tokens.last_day(clock.now()), reading.reader_of(row)
    context = {
        "contract": row, "whose": str(row.account), "last": last, "reader": reader,
        "expected": row.status == Contract.Status.EXPECTED,
        "url": tokens.url_of(row.pk, reader.pk if reader else None, last),
    }  # fmt: skip
    back = row.account.get_absolute_url()
    return dialog(request, "crm/leaving/link.html", context, heading=f"{row}: link to leave", back=back)


@require_POST
@requires("edit_contracts")
def revocation(request: HttpRequest, pk: int) -> HttpResponse:
    """Links that went to the wrong hands open nothing any more."""
    rows: Any = Contract.objects.visible_to(viewer_of(request))
    row = get_object_or_404(rows.select_related("account"), pk=pk)
    actions.revoke(row, viewer_of(request), clock.now())
    toast(request, f"No link to leave {row} that was made so far opens its page any more.")
    return done(request, row.account.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def offers(request: HttpRequest) -> HttpResponse:
    """What holds for the page, and what it offers for which reason."""
    data = request.POST if request.method == "POST" else None
    form, lines = PolicyForm(data, instance=LeavingPolicy.the_only()), offer_forms(data)
    each = [one.is_valid() for one in (form, *lines)]  # all of them, so that each shows what is wrong with it
    if all(each):
        by_reason = {line.reason.pk: line.offer for line in lines}
        deed = actions.set_offers(form.cleaned_data, by_reason, viewer_of(request), clock.now())
        undoable(request, deed, "What the page offers is kept.")
        return redirect("leaving:offers")
    context = {"form": form, "lines": lines}
    return render(request, "crm/leaving/offers.html", context, status=200 if data is None else 422)


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Why customers leave, by how often it is said, what kept others, and the names behind each figure."""
    asked, viewer, today = request.GET, viewer_of(request), clock.today(clock.now())
    days = next((days for days in report.PERIODS if asked.get("days") == str(days)), 90)
    found = report.reasons(viewer, days, today)
    total = sum(one.count for one in found)
    judged = today - timedelta(days=report.STAYED_DAYS)
    context: dict[str, Any] = {
        "unannounced": report.unannounced(viewer, days, today).count(),
        "judged": (judged - timedelta(days=report.LOOKED_BACK - 1), judged),
        "days": days, "periods": report.PERIODS, "reasons": found, "total": total, "few": total < report.FEW,
        "kept": (kept := report.kept(viewer, days, today)), "any_judged": any(one.judged for one in kept),
        "stayed_days": report.STAYED_DAYS,
        "may_set": allows(viewer, "manage_settings"), **_names(request, days),
    }  # fmt: skip
    return render(request, "crm/leaving/report.html", context)


def _silent(request: HttpRequest, days: int) -> dict[str, Any]:
    """Who went without a word, the last one first."""
    viewer, today = viewer_of(request), clock.today(clock.now())
    rows = report.unannounced(viewer, days, today).select_related("account")
    try:
        page = keyset_page(rows, report.GONE, request.GET.get("cursor"))
    except BadCursor as error:
        raise Http404("This part of the list is not there.") from error
    return {"silent": page.rows, "cursor": page.next}


def _names(request: HttpRequest, days: int) -> dict[str, Any]:
    """Whom the address asks for: who gave a reason, or whom an offer had kept 90 days ago; else all who left."""
    asked, viewer, today = request.GET, viewer_of(request), clock.today(clock.now())
    kind, reason = asked.get("kept", ""), asked.get("reason", "")
    if asked.get("silent"):
        return _silent(request, days)
    if (kind and kind not in rules.LIMITED) or (reason and not (reason.isdecimal() and len(reason) < 19)):
        raise Http404("There is no such line in this report.")
    if kind:
        rows = report.saved(viewer, kind, today)
    else:
        rows = report.left(viewer, days, today)
        rows = rows.filter(reason=int(reason)) if reason else rows
    rows = rows.select_related("account", "contract", "reason").annotate(still=report.stayed())
    try:
        page = keyset_page(rows, report.LATEST, asked.get("cursor"))
    except BadCursor as error:
        raise Http404("This part of the list is not there.") from error
    return {"rows": page.rows, "cursor": page.next, "kept_by": rules.OFFERS.get(kind, ""), "reason": reason}
