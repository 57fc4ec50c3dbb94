"""What the customers behind a figure are called, read back from the filter that finds them.

Nothing but the filter is believed: what a figure's own filter would be is written anew and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from crm.segments.rules import read_stretch
from crm.slots import Headed
from crm.web import wording
from retention.metrics import names
from retention.metrics.fields import BOUGHT, FIRST_ON, MRR_ON, ON, moved
from retention.metrics.reading import Period

type Conditions = Sequence[Mapping[str, Any]]

_OF_A_DAY = {
    "customers_end": "Customers on {end}", "mrr_end": "Paying on {end}", "buyers": "Bought by {end}",
    "repeat_buyers": "Bought twice or more by {end}",
}  # fmt: skip
_OF_A_PERIOD = {
    "customers_new": "New between {start} and {end}", "customers_lost": "Lost between {start} and {end}",
    "customers_kept": "Kept from {start} to {end}",
}  # fmt: skip
_MOVES = {
    "new": "New MRR", "expansion": "MRR grew", "reactivation": "MRR came back", "contraction": "MRR shrank",
    "churn": "MRR was lost",
}  # fmt: skip


#: No figure asks for more, so that whatever comes behind it is not searched for days.
_LONGEST = 4


@dataclass(frozen=True, slots=True)
class _Figure:
    words: str
    asks: Conditions
    url: str
    page: str


def headed(conditions: Conditions, beside: bool = False) -> Headed | None:
    """For `slots.list_heads`. The figure that asks for most of what the filter asks at its beginning."""
    behind = [one for one in _figures(conditions[:_LONGEST]) if list(conditions[: len(one.asks)]) == list(one.asks)]
    if not behind:
        return None
    best = max(behind, key=lambda one: len(one.asks))
    narrower = ", of those chosen" if beside or len(conditions) > len(best.asks) else ""
    return Headed(f"{best.words}{narrower}", best.url, best.page)


def _figures(conditions: Conditions) -> Iterator[_Figure]:
    """All that could be meant by days that the conditions name."""
    asked = [str(one.get("field", "")).partition(":") for one in conditions]
    days = sorted({day for name, _, text in asked if name in (ON, MRR_ON, BOUGHT) and (day := _day(text))})
    for day in days:
        yield from (_figure(name, Period(day, day)) for name in _OF_A_DAY)
    for start, end in combinations(days, 2):
        yield from (_figure(name, Period(start, end)) for name in _OF_A_PERIOD)
    for name, _, text in asked:
        yield from _moves(name, text)
    yield from _cohorts(conditions, days)


def _figure(name: str, period: Period) -> _Figure:
    start, end = wording.day(period.start), wording.day(period.end)
    words = (_OF_A_DAY | _OF_A_PERIOD)[name].format(start=start, end=end)
    return _Figure(words, names.behind(name, period), _dashboard(period), "Retention")


def _moves(field: str, text: str) -> Iterator[_Figure]:
    with suppress(ValueError):
        first, last = read_stretch(text)
        period = Period(first, last)
        between = f"between {wording.day(first)} and {wording.day(last)}"
        for kind in (kind for kind in _MOVES if field == moved(kind)):
            yield _Figure(f"{_MOVES[kind]} {between}", names.of_moves(kind, period), _dashboard(period), "Retention")


def _cohorts(conditions: Conditions, days: Sequence[date]) -> Iterator[_Figure]:
    after = [_day(str(one.get("value"))) for one in conditions if one.get("field") == FIRST_ON]
    if len(after) < 2 or not after[0] or not after[1] or date.max in after or date.min in after:
        return
    first, last = after[0] + timedelta(days=1), after[1] - timedelta(days=1)
    if first.day != 1 or after[1].day != 1 or last < first:
        return  # no whole months, so no cohort of ours
    until = f" to {last:%B %Y}" if (last.year, last.month) != (first.year, first.month) else ""
    words, url = f"Joined in {first:%B %Y}{until}", reverse("cohorts:map")
    yield _Figure(words, conditions[:2], url, "Cohorts")
    for day in days:
        yield _Figure(f"{words}, customers on {wording.day(day)}", names.of_cell(first, day), url, "Cohorts")
    for start, end in combinations(days, 2):
        lost = _figure("customers_lost", Period(start, end))
        yield _Figure(f"{words}, {lost.words[0].lower()}{lost.words[1:]}", [*conditions[:2], *lost.asks], lost.url,
                      "Retention")  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _dashboard(period: Period) -> str:
    """With the period's days; of a single one as it usually is."""
    own = {"period": "own", "from": period.start, "to": period.end} if period.start != period.end else {}
    return f"{reverse('retention:dashboard')}?{urlencode(own)}" if own else reverse("retention:dashboard")
