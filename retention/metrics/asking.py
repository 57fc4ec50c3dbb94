"""What an address asks of figures: which days, beside which earlier ones, and of which customers.

?period=quarter                one of READY; “own” with `from` and `to`, the two days on which customers are counted
&compare=before                one of COMPARED
&segment=7 | &view=3 | &f={…}  customers of a segment, of a saved view, or whom a filter finds; all that stand hold
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from crm.ledger.rules import add_months
from crm.segments import filterbar
from crm.segments.filters import FilterError, parse
from crm.segments.listing import Listing
from crm.segments.listing.state import address_of
from crm.segments.models import SavedView, Segment
from crm.segments.rules import read_day
from crm.slots import lists
from crm.team.models import User
from crm.web import clock, wording
from retention.metrics.reading import Period, PeriodError, Slice

DAY = timedelta(days=1)
#: Ready-made periods by their names in addresses: label, how many months each has, and how many of them ago.
READY: Mapping[str, tuple[str, int, int]] = {
    "month": ("This month", 1, 0), "last-month": ("Last month", 1, 1),
    "quarter": ("This quarter", 3, 0), "last-quarter": ("Last quarter", 3, 1),
    "year": ("This year", 12, 0), "last-year": ("Last year", 12, 1),
}  # fmt: skip
USUAL, OWN = "quarter", "own"
COMPARED = {"before": "the time before", "year": "a year before"}
#: What an address may say about which customers.
SLICING = ("segment", "view", "f")


class CustomersError(FilterError):
    """There is no such choice of customers. The filter is not to blame, and the message does not begin with it."""

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Asked:
    """`period` and what it is compared with; `of` are the customers, `parts` the conditions that choose them."""

    name: str  # in READY, or OWN
    period: Period
    compare: str
    before: Period
    of: Slice
    parts: list[dict[str, Any]]
    sliced: Mapping[str, str]  # as the address has it
    words: str  # which customers; blank: all

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The same for an address, without what goes without saying."""
        days = {"from": str(self.period.start), "to": str(self.period.end)} if self.name == OWN else {}
        name = {} if self.name == USUAL else {"period": self.name}
        return {**name, **days, **({} if self.compare == "before" else {"compare": self.compare}), **self.sliced}

    @property
    def first(self) -> date:
        """The first day as people say it: a ready-made period begins with the customers of the day before."""
        return self._said(self.period.start)

    @property
    def first_before(self) -> date:
        return self._said(self.before.start)

    def _said(self, start: date) -> date:
        return start + DAY if self.name in READY else start

    def url(self, page: str, **other: str | None) -> str:
        """Another page, or this one, with the same question but for `other`; None: without it."""
        asked = {key: value for key, value in (self.parameters | other).items() if value}
        return f"{page}?{urlencode(asked)}" if asked else page

    def names(self, conditions: list[dict[str, Any]]) -> str:
        """The list of customers of whom all this is so, out of those that are asked for."""
        return f"{reverse('accounts:list')}?{urlencode({'view': 'all', 'f': filterbar.write(conditions + self.parts)})}"


def asked(values: Mapping[str, str], viewer: User, now: datetime) -> Asked:
    """Raises PeriodError for days, and FilterError for customers, that cannot be asked for; both say why."""
    name, period = _period(values, clock.today(now))
    compare = values.get("compare", "before")
    if compare not in COMPARED:
        raise PeriodError(f"Figures are compared with {' or '.join(COMPARED.values())}, not with “{compare[:40]}”.")
    before = earlier(period, 12) if compare == "year" else preceding(name, period)
    sliced = {key: text for key in SLICING if (text := values.get(key, "").strip())}
    parts, words = _customers(sliced, viewer, now)
    chosen = parse({"all": parts}, "account", viewer) if parts else None
    return Asked(name, period, compare, before, Slice(chosen, viewer), parts, sliced, words)


def ready(name: str, today: date) -> Period:
    """A ready-made period, up to today where it is not over. It begins with the customers of the day before its first.

    Raises KeyError for none.
    """
    _, months, ago = READY[name]
    first = add_months(today.replace(day=1), -((today.month - 1) % months) - ago * months)
    return Period(first - DAY, min(add_months(first, months) - DAY, today))


def preceding(name: str, period: Period) -> Period:
    """Just before it: as far into the month, quarter or year before; of days of one's own as many."""
    if name in READY:
        return earlier(period, READY[name][1])
    return Period(period.start - (period.end - period.start), period.start)


def earlier(period: Period, months: int) -> Period:
    """So many months before; the last days of months stay the last days of months."""
    return Period(_back(period.start, months), _back(period.end, months))


def _back(day: date, months: int) -> date:
    return add_months(day + DAY, -months) - DAY if (day + DAY).day == 1 else add_months(day, -months)


def _period(values: Mapping[str, str], today: date) -> tuple[str, Period]:
    days = [values.get(key, "").strip() for key in ("from", "to")]
    name = values.get("period", "").strip() or (OWN if any(days) else USUAL)
    if name in READY:
        return name, ready(name, today)
    if name != OWN:
        raise PeriodError(f"There is no period called “{name[:40]}”: {', '.join(READY)}, or days of your own.")
    try:
        start, end = (read_day(text) for text in days)
    except ValueError:
        raise PeriodError("Own days are two dates, such as 2026-03-31 and 2026-06-30.") from None
    if start > today:
        raise PeriodError(f"The period starts on {wording.day(start)}, which is still to come. Figures go up to today.")
    if end > today:
        raise PeriodError(f"The period ends on {wording.day(end)}, which is still to come. Figures go up to today.")
    if start == end:
        called = wording.day(start)
        raise PeriodError(f"The period starts and ends on {called}: nothing can happen in it. Name a later end.")
    return OWN, Period(start, end)


def _customers(sliced: Mapping[str, str], viewer: User, now: datetime) -> tuple[list[dict[str, Any]], str]:
    """The conditions, and the same in words. Raises FilterError."""
    parts: list[dict[str, Any]] = []
    words: list[str] = []
    if text := sliced.get("segment"):
        segment = Segment.objects.visible_to(viewer).in_use().filter(subject="account", pk=_number(text)).first()
        if segment is None:
            raise CustomersError("", "There is no such segment of customers for you.")
        parts.append({"field": "segment", "op": "is_in", "value": segment.pk})
        words.append(segment.name)
    if text := sliced.get("view"):
        view = SavedView.objects.visible_to(viewer).filter(subject="account", pk=_number(text)).first()
        if view is None:
            raise CustomersError("", "There is no such saved view of customers for you.")
        if view.parameters.get("q"):
            raise CustomersError(
                "", f"The view “{view}” searches for a text, which figures cannot. Save it without one."
            )
        parts += filterbar.parts_of(_tree_of(view, viewer))
        words.append(view.name)
    if text := sliced.get("f"):
        chosen = filterbar.read(text, "account", viewer)
        parts += filterbar.parts_of(chosen.tree)
        words.append(chosen.sentence())
    return parts, ", ".join(words)


def _tree_of(view: SavedView, viewer: User) -> dict[str, Any]:
    """All that it narrows by but its search."""
    listing, address = lists["account"], QueryDict(mutable=True)
    if not isinstance(listing, Listing):
        raise TypeError("The list of customers is none that keeps views.")
    address.update(address_of(view))
    return listing.tree(address, viewer)


def _number(text: str) -> int:
    """0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0
