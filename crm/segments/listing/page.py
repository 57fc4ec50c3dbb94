"""The page of a list: the rows that the address asks for, and for htmx the next of them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db import OperationalError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from psycopg.errors import QueryCanceled

from crm.segments.filters import FilterError
from crm.segments.listing import around, columns
from crm.segments.listing.declaration import WHOLE, Listing
from crm.segments.listing.state import State, state_of
from crm.slots import filter_subjects
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Page, keyset_page
from crm.web.patience import answers_or_asks_to_narrow

PAGE = "crm/segments/list.html"
PAGE_SIZE = 50
#: Whoever comes back to a list gets the rows that were there at once, but no more than these.
MOST_AT_ONCE = 500
#: So few rows of a search are little: perhaps what was meant lies outside the view.
LITTLE = 5
#: Rows that resemble what was looked for, when none holds it.
ALIKE = 20
#: How long it may take to find them, and how alike a word of theirs must be (0…1).
ALIKE_MS, ALIKE_ENOUGH = 300, 0.45


@dataclass(frozen=True)
class Found:
    """`rows` are all of them, not yet asked for; `alike`: nothing holds what was looked for, so these resemble it."""

    page: Page[dict[str, Any]]
    rows: Any = None
    refused: FilterError | None = None
    alike: bool = False


def show(
    request: HttpRequest, listing: Listing, template: str = PAGE, more: Mapping[str, Any] | None = None
) -> HttpResponse:
    """The page; for htmx that asks for further rows, or for those that were there before, the rows alone.

    Another `template` extends PAGE, and finds `more` beside what that has.
    """
    wanted, unsorted = _sortable(request.GET, listing)
    state = state_of(wanted, listing, viewer_of(request))
    at_once = request.GET.get("rows", "") if request.htmx else ""  # type: ignore[attr-defined]
    asked = state.asked.copy()
    asked.pop("rows", None)
    request.GET = asked  # type: ignore[assignment]  # so that every link of the page keeps what a view asks for
    whole = f"{listing.url}?view={WHOLE}" if state.view or state.ready or asked.get("in") else ""
    order = listing.orders.get(asked.get("sort", ""))
    slow = ("sort",) if order and order.key is not None else ()  # it has no index, or not yet
    patient = answers_or_asks_to_narrow(*listing.narrowing, *slow, whole=whole)(_listed)
    answer: HttpResponse = patient(request, listing, state, at_once, template, {"unsorted": unsorted, **(more or {})})
    return answer


def _sortable(asked: QueryDict, listing: Listing) -> tuple[QueryDict, str]:
    """The address without a sort by what has no order, and a word about it. Raises Http404 for what is no field."""
    name = asked.get("sort", "")
    if not name or name in listing.orders:
        return asked, ""
    field = filter_subjects[listing.subject].fields.get(name.removeprefix("-"))
    if field is None:
        raise Http404("There is no such order.")
    asked = asked.copy()
    del asked["sort"]
    return asked, f"{listing.many.capitalize()} cannot be sorted by “{field.label}”. They stand in their usual order."


def _listed(
    request: HttpRequest, listing: Listing, state: State, at_once: str, template: str, more: Mapping[str, Any]
) -> HttpResponse:
    now = clock.now()
    shown = columns.chosen(listing.subject, state.columns)
    found = _found(request, listing, shown, now, _size(at_once))
    title = listing.line(request.GET, listing.orders[request.GET.get("sort") or listing.order])
    lines = columns.lines(shown, found.page.rows, title, listing.subject, viewer_of(request), now)
    context = {"page": found.page, "lines": lines, "span": len(shown) + 2, "list": listing}
    if request.htmx and ("cursor" in request.GET or at_once):  # type: ignore[attr-defined]
        return render(request, f"{PAGE}#rows", context)
    context |= around.around(request, listing, state, shown, found.refused is None)
    context["alike"], context["everywhere"] = found.alike, _everywhere(request.GET, listing, found)
    context["total"] = "" if found.alike or found.refused else around.total(request, listing, found.page, found.rows)
    context["refused"] = f"{found.refused.place} {found.refused.message}".strip() if found.refused else ""
    return render(request, template, {**context, **more}, status=400 if found.refused else 200)


def _everywhere(asked: QueryDict, listing: Listing, found: Found) -> str:
    """The address of the same search among all of them, where a view or a filter has let it find little; else blank."""
    text = listing.searched_for(asked)
    within = any(asked.get(name) for name in listing.narrowing if name != "q")
    if not text or not within or found.refused or found.page.next or len(found.page.rows) > LITTLE:
        return ""
    return f"{listing.url}?{urlencode({'view': WHOLE, 'q': text})}"


def _size(at_once: str) -> int:
    return min(max(int(at_once), 1), MOST_AT_ONCE) if at_once.isdecimal() and len(at_once) < 5 else PAGE_SIZE


def _found(request: HttpRequest, listing: Listing, shown: Sequence[columns.Column], now: datetime, size: int) -> Found:
    asked, viewer = request.GET, viewer_of(request)
    order = listing.orders[asked.get("sort") or listing.order]
    sort = order.sort
    fields = dict.fromkeys(["id", sort.expression, *listing.fields, *(f for c in shown for f in c.shown.fields)])
    try:
        every = listing.rows(asked, viewer, now)
        rows = (every if order.key is None else every.annotate(**{sort.expression: order.key})).values(*fields)
    except FilterError as error:  # an address whose filter cannot be read shows nothing rather than everything
        return Found(Page([], None), refused=error)
    try:
        page = keyset_page(rows, sort, asked.get("cursor"), size)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    text = listing.searched_for(asked)
    if page.rows or not text or "cursor" in asked:
        return Found(page, every)
    shown_of = [name for name in fields if name != sort.expression or order.key is None]
    resembling = _alike(listing.alike(listing.narrowed(asked, viewer, now), text).values(*shown_of))
    return Found(Page(resembling, None), alike=bool(resembling))


def _alike(rows: Any) -> list[dict[str, Any]]:
    """Those that resemble the text, the best first; none if it takes too long to say."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), "
                "set_config('pg_trgm.word_similarity_threshold', %s, true)",
                [str(ALIKE_MS), str(ALIKE_ENOUGH)],
            )
            return list(rows[:ALIKE])
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return []
        raise
