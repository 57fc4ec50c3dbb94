"""The page of a period as it was known: figures then and now, and whose facts were corrected since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.accounts.models import Account
from crm.segments.filters import FilterError
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock, wording
from retention.metrics import asking, names
from retention.metrics.figures import Figures, of_period
from retention.metrics.known.reading import SIZE, Correction, corrections, read_moment
from retention.metrics.reading import PeriodError
from retention.metrics.rules import rate_words

#: Name of a figure, its label, whether it is money, a rate or a number of customers.
_SHOWN = (
    ("customers_start", "Customers at the start", "number"), ("customers_end", "Customers at the end", "number"),
    ("customers_new", "New", "number"), ("customers_lost", "Lost", "number"), ("crr", "Kept (CRR)", "rate"),
    ("churn_rate", "Churned", "rate"), ("mrr_start", "MRR at the start", "money"),
    ("mrr_end", "MRR at the end", "money"), ("nrr", "Net revenue (NRR)", "rate"),
    ("grr", "Gross revenue (GRR)", "rate"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """`url` opens the names behind the figure as it is now."""

    label: str
    then: str
    now: str
    differs: bool
    url: str


@require_safe
@requires("view")
def page(request: HttpRequest) -> HttpResponse:
    """Without a moment: as it was known when the period ended. What cannot be asked for is said."""
    viewer, now, refusal = viewer_of(request), clock.now(), ""
    try:
        asked, as_of, number = _asked(request, now)
    except (PeriodError, FilterError) as error:
        asked, refusal = asking.asked({"period": "last-month"}, viewer, now), str(error)
        as_of, number = _end_of(asked, now), 1
    known, today = of_period(asked.period, now, asked.of, as_of=as_of), of_period(asked.period, now, asked.of)
    found, count = corrections(asked.period, as_of, now, asked.of, number)
    seen = Account.objects.visible_to(viewer).in_bulk([each.account_id for each in found])
    moment = {"as_of": f"{as_of.astimezone(viewer.zone):%Y-%m-%dT%H:%M:%S}"}
    further = asked.url(reverse("known:page"), **moment, part=str(number + 1)) if number * SIZE < count else ""
    context: dict[str, Any] = {
        "asked": asked, "refusal": refusal, "as_of": as_of, "moment": moment["as_of"], "count": count,
        "lines": _lines(known, today, asked), "further": further,
        "corrections": [_told(each, seen[each.account_id]) for each in found if each.account_id in seen],
        "ready": [(name, label) for name, (label, *_) in asking.READY.items()],
        "hidden": dict(asked.sliced),
    }  # fmt: skip
    return render(request, "retention/metrics/known.html", context, status=422 if refusal else 200)


def _asked(request: HttpRequest, now: datetime) -> tuple[asking.Asked, datetime, int]:
    viewer, values = viewer_of(request), request.GET.dict()
    days = "period" in values or values.get("from") or values.get("to")
    asked = asking.asked(values if days else values | {"period": "last-month"}, viewer, now)
    text, number = values.get("as_of", "").strip(), values.get("part", "") or "1"
    if not (number.isascii() and number.isdecimal() and len(number) <= 6 and 1 <= int(number) <= 100_000):
        raise PeriodError("There is no such part of the list.")
    return asked, read_moment(text, now, viewer.zone) if text else _end_of(asked, now), int(number)


def _end_of(asked: asking.Asked, now: datetime) -> datetime:
    """The first moment after the period, or now."""
    over = datetime.combine(asked.period.end + asking.DAY, datetime.min.time(), clock.zone())
    return min(over, now)


def _lines(known: Figures, today: Figures, asked: asking.Asked) -> Sequence[Line]:
    def line(name: str, label: str, kind: str) -> Line:
        then, now = getattr(known, name), getattr(today, name)
        url = asked.names(names.behind(name, asked.period)) if kind == "number" and now else ""
        was, is_ = (_words(value, kind, of.unsaid.get(name, "")) for value, of in ((then, known), (now, today)))
        return Line(label, was, is_, then != now, url)

    return [line(*each) for each in _SHOWN]


def _words(value: Any, kind: str, unsaid: str) -> str:
    if value is None:
        return f"n/a: {unsaid}" if unsaid else "n/a"
    if kind == "rate":
        return rate_words(value)
    return wording.money(value, settings.CURRENCY) if kind == "money" else f"{value:,}"


def _told(found: Correction, account: Account) -> dict[str, Any]:
    """A customer whose past has changed, in words."""

    def state(mrr: Any) -> str:
        return "no customer" if mrr is None else f"{wording.money(mrr, settings.CURRENCY)} a month"

    days = [(name, day) for name, day in (("start", found.start), ("end", found.end)) if day.differs]
    return {
        "account": account, "known_at": found.known_at,
        "changes": [(name, state(day.then), state(day.now)) for name, day in days],
    }  # fmt: skip
