"""Segments: all of them with their sizes, and each with the rows that are in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm import slots
from crm.segments import drawing, sizes, uses
from crm.segments.filters import FilterError, parse
from crm.segments.listing import show
from crm.segments.listing.declaration import WHOLE
from crm.segments.listing.page import PAGE
from crm.segments.models import Segment, SegmentSize
from crm.segments.views.filtering import listing_of
from crm.slots import filter_subjects
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page

PAGE_SIZE = 50
#: Of the picture and the table of one segment.
DAYS = 90
#: Names of those who came or went lately.
NAMED = 6


@require_safe
def segment_list(request: HttpRequest) -> HttpResponse:
    """The viewer's own and those that are shared; `archived` shows the others."""
    viewer, now, archived = viewer_of(request), clock.now(), "archived" in request.GET
    rows = Segment.objects.visible_to(viewer).filter(archived_at__isnull=not archived)
    rows = rows.select_related("owner").annotate(name_key=Lower("name"))
    try:
        page = keyset_page(rows, Sort("name_key"), request.GET.get("cursor"), PAGE_SIZE)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    ids = [segment.pk for segment in page.rows]
    using = uses.uses_of(ids)
    known = sizes.figures(ids, now) if viewer.sees_everything else {}
    context = {
        "rows": [(segment, known.get(segment.pk), _said(using[segment.pk], viewer)) for segment in page.rows],
        "page": page, "archived": archived, "ideas": ideas(), "width": sizes.SPARK_WIDTH,
        "height": sizes.SPARK_HEIGHT,
    }  # fmt: skip
    return render(request, f"crm/segments/segments.html{_part(request)}", context)


def _part(request: HttpRequest) -> str:
    return "#rows" if request.htmx and "cursor" in request.GET else ""  # type: ignore[attr-defined]


def ideas() -> list[tuple[str, slots.SegmentIdea]]:
    return slots.segment_ideas.items()


def _said(using: Sequence[slots.SegmentUse], viewer: User) -> list[tuple[str, str]]:
    """(words, address) of each use; another's private one is nowhere to go to."""
    return [(uses.words_for(use, viewer), use.url if use.of in (None, viewer) else "") for use in using]


@require_safe
def segment_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What it is, how it grew, and its rows: the same list, with all that can be done there."""
    viewer, now = viewer_of(request), clock.now()
    segment = get_object_or_404(Segment.objects.visible_to(viewer).select_related("owner"), pk=pk)
    if segment.archived_at:
        context = {"segment": segment, "may_change": segment.may_be_changed_by(viewer)}
        return render(request, "crm/segments/archived.html", context)
    if request.GET.get("part") == "facts":  # fetched when the page is there
        return render(request, "crm/segments/segment_facts.html#lately", _lately(segment, viewer, now))
    asked = request.GET.copy()
    asked["in"], asked["view"] = str(pk), WHOLE
    request.GET = asked  # type: ignore[assignment]  # the list's links and forms carry it along
    rows_alone = request.htmx and ("cursor" in asked or "rows" in asked)  # type: ignore[attr-defined]
    more = {} if rows_alone else _about(segment, viewer, now)
    return show(request, listing_of(segment.subject), PAGE if rows_alone else "crm/segments/segment.html", more)


def _about(segment: Segment, viewer: User, now: datetime) -> dict[str, Any]:
    counts = _counts(segment, viewer, now)
    good = [row for row in counts if not row.trouble]
    return {
        "segment": segment, "may_edit": segment.may_be_changed_by(viewer), "may_fill": segment.may_be_filled_by(viewer),
        "said": _sentence(segment, viewer), "chart": drawing.chart([(row.day, row.size) for row in good]),
        "counts": good[::-1], "latest": good[-1] if good else None, "trouble": counts[-1].trouble if counts else "",
        "subject_label": filter_subjects[segment.subject].label,
    }  # fmt: skip


def _counts(segment: Segment, viewer: User, now: datetime) -> list[SegmentSize]:
    return list(sizes.counts([segment.pk], now, DAYS)) if viewer.sees_everything else []


def _lately(segment: Segment, viewer: User, now: datetime) -> dict[str, Any]:
    """Who uses it, and who came and went."""
    good = [row for row in _counts(segment, viewer, now) if not row.trouble]
    using = _said(uses.uses_of([segment.pk])[segment.pk], viewer)
    return {"moves": _moves(segment, good, viewer), "using": using}


def _sentence(segment: Segment, viewer: User) -> str:
    """The filter in words; blank for what cannot be read any more, which the list below explains."""
    try:
        return "" if segment.is_static else parse(segment.tree, segment.subject).sentence()
    except FilterError:
        return ""


def _moves(segment: Segment, counts: Sequence[SegmentSize], viewer: User) -> list[dict[str, Any]]:
    """Who came and who went lately, as far as the viewer may see them; one query for both."""
    came = [pk for row in reversed(counts) for pk in row.came][: 4 * NAMED]
    went = [pk for row in reversed(counts) for pk in row.went][: 4 * NAMED]
    rows: Any = filter_subjects[segment.subject].model._default_manager
    there = rows.visible_to(viewer).in_bulk({*came, *went}) if came or went else {}
    return [
        {"label": label, "rows": [there[pk] for pk in dict.fromkeys(ids) if pk in there][:NAMED],
         "number": sum(getattr(row, column) for row in counts)}
        for label, ids, column in (("Entered", came, "entered"), ("Left", went, "left"))
    ]  # fmt: skip
