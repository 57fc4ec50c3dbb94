"""The page of the breakdown: a line for each group, the biggest leavers first, each figure with its names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.segments.filters import FilterError
from crm.segments.models import Segment
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock, wording
from retention.metrics import asking, names
from retention.metrics.apart.dimensions import DIMENSIONS
from retention.metrics.apart.reading import Group, breakdown
from retention.metrics.asking import Asked
from retention.metrics.reading import PeriodError
from retention.metrics.rules import FEW, FEWEST_LOST, rate_words, unsaid


@dataclass(frozen=True, slots=True)
class Figure:
    """What stands in a cell; no `url`: nobody is behind it."""

    words: str
    url: str = ""
    why: str = ""  # it is n/a


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    few: bool
    figures: Sequence[Figure]
    total: bool = False


#: The heads of the table, in the order of a line's figures.
HEADS = ("At the start", "Lost", "Kept (CRR)", "Churned", "NRR", "GRR", "At the end", "MRR at the end")


@require_safe
@requires("view")
def breakdown_page(request: HttpRequest, by: str) -> HttpResponse:
    """What cannot be asked for is said, beside the usual question."""
    dimension = DIMENSIONS.get(by)
    if dimension is None:
        raise Http404("Customers are not told apart by that.")
    viewer, now, refusal = viewer_of(request), clock.now(), ""
    try:
        asked = asking.asked(request.GET.dict(), viewer, now)
    except (PeriodError, FilterError) as error:
        asked, refusal = asking.asked({}, viewer, now), str(error)
    found = breakdown(by, asked.period, now, asked.of)
    lines = [_line(group, asked, dimension.conditions(group.key, asked.period)) for group in found.groups]
    own_days = dict.fromkeys(("from", "to"))
    context: dict[str, Any] = {
        "asked": asked, "refusal": refusal, "by": by, "dimension": dimension, "heads": HEADS, "few": FEW,
        "lines": lines, "total": _line(found.total, asked, [], total=True),
        "others": [(name, one.label, asked.url(reverse("apart:of", args=[name]))) for name, one in DIMENSIONS.items()],
        "more": found.number - len(lines), "finding": _finding(found.groups, found.total),
        "ready": [
            (name, label, asked.url("", period=name, **own_days)) for name, (label, *_) in asking.READY.items()
        ],
        "segments": Segment.objects.visible_to(viewer).in_use().filter(subject="account").order_by("name")[:100],
        "hidden": {name: text for name, text in asked.parameters.items() if name != "segment"},
    }  # fmt: skip
    return render(request, "retention/metrics/breakdown.html", context, status=422 if refusal else 200)


def _line(group: Group, asked: Asked, of_group: list[dict[str, Any]], *, total: bool = False) -> Line:
    counts = group.counts

    def figure(name: str, count: int, words: str = "") -> Figure:
        if not count or (not words and name not in _COUNTED):
            return Figure(words or "0")
        return Figure(words or f"{count:,}", asked.names([*names.behind(name, asked.period), *of_group]))

    because = unsaid(counts)

    def rate(called: str, name: str, share: Fraction | None, count: int) -> Figure:
        if share is None:
            return Figure("n/a", why=because[called])
        return Figure("–") if group.few else figure(name, count, rate_words(share))

    kept = counts.customers_start - counts.customers_lost
    figures = (
        figure("customers_start", counts.customers_start), figure("customers_lost", counts.customers_lost),
        rate("crr", "customers_kept", group.crr, kept),
        rate("churn_rate", "customers_lost", group.churn_rate, counts.customers_lost),
        rate("nrr", "mrr_start", group.nrr, counts.customers_start),
        rate("grr", "mrr_start", group.grr, counts.customers_start),
        figure("customers_end", counts.customers_end),
        figure("mrr_end", counts.customers_end, wording.money(counts.mrr_end, settings.CURRENCY)),
    )  # fmt: skip
    return Line(group.name, group.few, figures, total)


_COUNTED = ("customers_start", "customers_lost", "customers_end")


def _finding(groups: Sequence[Group], total: Group) -> str:
    """Where customers leave most beside all others, of groups that can be judged and lost enough; blank: nowhere."""
    whole = total.churn_rate
    judged = [one for one in groups if one.key and not one.few and one.counts.customers_lost >= FEWEST_LOST]
    if not whole or not judged:
        return ""
    worst = max(judged, key=lambda group: group.churn_rate or Fraction(0))
    rate = worst.churn_rate or Fraction(0)
    if rate < whole * Fraction(3, 2):
        return ""
    return (
        f"{worst.name}: {rate_words(rate)} left, {worst.counts.customers_lost:,} of "
        f"{worst.counts.customers_start:,}; of all customers {rate_words(whole)}."
    )
