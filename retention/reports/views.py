"""The pages of reviews: one of a month, to read and to print, all of them, and the names behind their figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm.accounts.models import Account
from crm.ledger.rules import add_months
from crm.segments.rules import read_day
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast
from retention.metrics.figures import of_period
from retention.metrics.rules import FEW, percent, rate_words
from retention.reports import actions, behind, rules
from retention.reports.models import MonthlyReview, ReviewReader
from retention.reports.reading import facts, period_of, read
from retention.reports.rules import Facts

#: Months that the list shows, and rows of a page of names.
_MONTHS, _ROWS = 24, 100
_TOP = 5
_TILES = (
    ("crr", "Kept (CRR)", "rate", "kept"), ("customers_lost", "Lost", "number", "lost"),
    ("customers_new", "New", "number", "new"), ("mrr_end", "MRR at the end", "money", "end"),
    ("nrr", "Net revenue (NRR)", "rate", ""), ("grr", "Gross revenue (GRR)", "rate", ""),
)  # fmt: skip


@require_safe
@requires("view")
def review_list(request: HttpRequest) -> HttpResponse:
    """The months that were reported, and whether one wants the next by mail."""
    viewer, now = viewer_of(request), clock.now()
    reviews = list(MonthlyReview.objects.visible_to(viewer).order_by("-month")[:_MONTHS])
    month = actions.last_month(now)
    context: dict[str, Any] = {
        "lines": [_line(read(review.month, review.facts), review) for review in reviews],
        "reads": ReviewReader.objects.filter(user=viewer).exists(), "last": month,
        "unreported": viewer.sees_everything and all(review.month != month for review in reviews),
    }  # fmt: skip
    return render(request, "retention/reports/list.html", context)


def _line(found: Facts, review: MonthlyReview) -> dict[str, Any]:
    said = rules.said(found, actions.money)
    first = [str(sentence) for _, _, sentences in said.sections for sentence in sentences][:2]
    rate, why = found.rate("crr"), found.unsaid.get("crr", "")
    return {"review": review, "crr": rate_words(rate) if rate is not None else "", "unsaid": why, "said": first}


@require_safe
@requires("view")
def review(request: HttpRequest, month: str) -> HttpResponse:
    """What was reported, with what is known otherwise by now; of a month that was not, what is known now."""
    viewer, now = viewer_of(request), clock.now()
    first, found, kept = _found(viewer, month, now)
    today = of_period(period_of(first), now).told() if kept else None
    said = rules.said(found, actions.money)
    categories = {str(one.id): one.name for one in found.categories if one.id}

    def address(key: str) -> str:
        return behind.address(key, first, categories)

    context: dict[str, Any] = {
        "first": first, "kept": kept, "found": found, "tiles": _tiles(found, today, address), "said": said,
        "sections": [
            (name, title, [(one.tone, [(part.text, address(part.names)) for part in one.parts]) for one in sentences])
            for name, title, sentences in said.sections
        ],
        "reasons": [
            (one, address(f"reason-{one.id}"), percent(Fraction(one.count, found.left_saying_why)))
            for one in found.reasons
        ],
        "categories": [
            (one, address(f"opened-{one.id}"), address(f"reopened-{one.id}"), address(f"rated-{one.id}"),
             percent(one.csat)) for one in found.categories[:10]
        ],
        "renewals": _named(viewer, found.renewals[:_TOP]), "leavers": _named(viewer, found.leavers[:_TOP]),
        "renewing_url": address("renewing"), "leavers_url": address("leavers"), "few": FEW,
        "corrected": today is not None and any(today[name] != found.figures[name] for name, *_ in _TILES),
        "previous": add_months(first, -1), "period": period_of(first),
    }  # fmt: skip
    return render(request, "retention/reports/review.html", context)


def _found(viewer: User, text: str, now: datetime) -> tuple[date, Facts, MonthlyReview | None]:
    """Raises Http404 for a month that is not over, and for whoever does not see all customers."""
    first = _month(text, now)
    if not viewer.sees_everything:
        raise Http404("A review counts all customers, and you see some of them.")
    kept = MonthlyReview.objects.visible_to(viewer).filter(month=first).first()
    return first, read(first, kept.facts) if kept else facts(first, now), kept


def _month(text: str, now: datetime) -> date:
    try:
        first = read_day(f"{text}-01")
    except ValueError:
        raise Http404("There is no such month.") from None
    if first > actions.last_month(now):
        raise Http404("This month is not over yet.")
    return first


def _tiles(found: Facts, today: dict[str, Any] | None, address: Any) -> Sequence[dict[str, Any]]:
    """Each with what it was the month before, and with what is known now where that differs."""

    def words(values: Any, name: str, kind: str) -> str:
        value = values[name]
        if value is None:
            return "n/a"
        if kind == "rate":
            return rate_words(Fraction(value).limit_denominator(10**9))
        return actions.money(Decimal(value)) if kind == "money" else f"{value:,}"

    return [
        {
            "label": label, "words": words(found.figures, name, kind), "why": found.unsaid.get(name, ""),
            "before": words(found.before, name, kind),
            "now": words(today, name, kind) if today and today[name] != found.figures[name] else "",
            "url": address(key) if found.figures[name] and key else "",
        }
        for name, label, kind, key in _TILES
    ]  # fmt: skip


def _named(viewer: User, rows: Sequence[tuple[int, str]]) -> list[tuple[Account, str]]:
    """Customers who are still on record, with what they bring a month."""
    known = Account.objects.visible_to(viewer).in_bulk([pk for pk, _ in rows])
    return [(known[pk], actions.money(Decimal(mrr))) for pk, mrr in rows if pk in known]


@require_safe
@requires("view")
def names(request: HttpRequest, month: str, what: str) -> HttpResponse:
    """The customers behind a figure of a review."""
    viewer, now = viewer_of(request), clock.now()
    heading = behind.LISTED.get(what)
    if heading is None:
        raise Http404("There is no such figure.")
    first, found, _ = _found(viewer, month, now)
    context: dict[str, Any] = {"first": first, "kept": found}
    if what in ("renewing", "leavers"):
        rows = found.renewals if what == "renewing" else found.leavers
        whole = found.renewing if what == "renewing" else found.figures["customers_lost"]
        when = add_months(first, 1) if what == "renewing" else first
        context |= {"heading": heading.format(f"{when:%B %Y}"), "named": _named(viewer, rows), "count": whole}
    else:
        reason = _reason(request)
        rows_of = behind.cancellations(what, first, reason, viewer)
        named = next((one.name for one in found.reasons if one.id == reason), "all reasons")
        context |= {"heading": heading.format(named), "rows": rows_of[:_ROWS], "count": rows_of.count()}
    return render(request, "retention/reports/names.html", context)


def _reason(request: HttpRequest) -> int | None:
    text = request.GET.get("reason", "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404("There is no such reason.")
    return int(text) if text else None


@require_POST
@requires("view")
def reading(request: HttpRequest) -> HttpResponse:
    """Have the review by mail (`wanted=yes`), or not any more (`wanted=no`)."""
    viewer, wanted = viewer_of(request), request.POST.get("wanted", "")
    if wanted not in ("yes", "no"):
        raise BadRequest("The form does not say whether you want the review.")
    if wanted == "yes":
        if not viewer.sees_everything:
            raise Http404("A review counts all customers, and you see some of them.")
        actions.subscribe(viewer, clock.now())
        toast(request, "You get the next review on the first working day of the month.")
    else:
        actions.unsubscribe(viewer)
        toast(request, "You get no reviews by mail any more.")
    return redirect(reverse("reports:list"))
