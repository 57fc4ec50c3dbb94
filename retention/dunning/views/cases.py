"""The cases, one of them, and the report of what came in."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm.accounts.models import Account
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from retention.dunning import drawing, reading, story
from retention.dunning.models import CaseQuerySet, DunningCase, DunningSettings

#: Tab → its label, and what an empty one says.
TABS = {
    "open": ("Open", "No payment is failing. A card that is declined stands here a minute later."),
    "recovered": ("Recovered", "Nothing has been recovered yet."),
    "lost": ("Lost", "Nothing was given up."),
    "forgiven": ("Forgiven", "Nobody was forgiven a payment."),
    "all": ("All", "No payment has failed since these are followed up."),
}
_SOONEST, _NEWEST = Sort("grace_ends_at"), Sort("failed_at", descending=True)


@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """Open ones by when their grace ends; others by when they failed, the latest first."""
    tab, now = _tab(request), clock.now()
    rows = _asked(request, tab)
    try:
        page = keyset_page(rows, _SOONEST if tab == "open" else _NEWEST, request.GET.get("cursor"), 40)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    chosen = DunningSettings.the_only()
    lines = [reading.line(case, chosen, now) for case in page.rows]
    context: dict[str, Any] = {"lines": lines, "page": page, "tab": tab, "tabs": TABS, "now": now}
    if request.htmx and request.GET.get("cursor"):  # type: ignore[attr-defined]
        return render(request, "retention/dunning/cases.html#rows", context)
    context |= {
        "chosen": chosen, "nothing": TABS[tab][1], "overview": reading.overview(viewer_of(request)),
        "about": _about(request), "narrowed": _narrowed_words(request),
        "may_set": allows(request.user, "manage_settings"),
    }  # fmt: skip
    return render(request, "retention/dunning/cases.html", context)


def _tab(request: HttpRequest) -> str:
    narrowed = any(name in request.GET for name in ("month", "way", "since", "account"))
    tab = request.GET.get("tab", "all" if narrowed else "open")
    if tab not in TABS:
        raise Http404("There is no such tab.")
    return tab


def _asked(request: HttpRequest, tab: str) -> CaseQuerySet:
    rows = DunningCase.objects.visible_to(request.user).select_related("account__owner", "payment")
    rows = rows if tab == "all" else rows.filter(state=tab)
    try:
        rows = reading.narrowed(rows, *(request.GET.get(name, "") for name in ("month", "way", "since")))
        return rows.filter(account=int(request.GET["account"][:18])) if "account" in request.GET else rows
    except ValueError as error:
        raise Http404("The report has no such figure.") from error


def _about(request: HttpRequest) -> Account | None:
    if "account" not in request.GET:
        return None
    return Account.objects.visible_to(request.user).filter(pk=int(request.GET["account"][:18])).first()


def _narrowed_words(request: HttpRequest) -> str:
    """What a figure of the report counts, which this list shows the rows of."""
    month, way, since = (request.GET.get(name, "") for name in ("month", "way", "since"))
    heading = {"failed": "Failed", "recovered": "Recovered"} | {
        name: words for name, (words, *_) in reading.WAYS.items()
    }
    return ", ".join(
        filter(None, [heading.get(way, ""), f"failed in {month}" if month else "", f"since {since}" if since else ""])
    )


@require_safe
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """How it stands, what is planned, and everything that happened."""
    return case_page(request, case_of(request, pk))


def case_of(request: HttpRequest, pk: int) -> DunningCase:
    """Raises Http404."""
    rows = DunningCase.objects.visible_to(request.user).select_related("account__owner", "payment__contract")
    return get_object_or_404(rows, pk=pk)


def case_page(request: HttpRequest, row: DunningCase, **more: Any) -> HttpResponse:
    chosen, now = DunningSettings.the_only(), clock.now()
    context: dict[str, Any] = {
        "line": reading.line(row, chosen, now), "case": row, "plan": reading.plan_of(row, chosen),
        "story": story.of_case(row, viewer_of(request)),
        "tries": chosen.tries, "now": now, "may_act": allows(request.user, "dunning"), **more,
    }  # fmt: skip
    return render(request, "retention/dunning/case.html", context)


@require_safe
def report(request: HttpRequest) -> HttpResponse:
    """What failed by month, and what became of it."""
    months, total = reading.report(viewer_of(request), clock.today(clock.now()))
    context = {
        "months": months, "total": total, "ways": reading.WAYS, "chart": drawing.bars(months),
        "first": f"{months[-1].first:%Y-%m}",
    }  # fmt: skip
    return render(request, "retention/dunning/report.html", context)
