"""Search and the palette of Ctrl K: what the rooms' sources find, and what can be done."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers
from psycopg.errors import QueryCanceled

from crm import slots
from crm.accounts.models import Account, Contact
from crm.home import jumps
from crm.slots import Found
from crm.team.models import User
from crm.team.viewer import viewer_of

logger = logging.getLogger(__name__)

#: So many lines of each source, and on the page more.
_IN_PALETTE, _ON_PAGE = 5, 20
#: Longer texts are no search.
_LONGEST = 100
#: A source that takes longer is left out of the answer: nobody waits for it while typing.
_LONGEST_MS = 300


@require_GET
@vary_on_headers("HX-Request")
def search(request: HttpRequest) -> HttpResponse:
    """The page; for the palette, which says that it is htmx and on which page it stands, only what was found."""
    text = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:_LONGEST]
    in_palette, viewer = bool(request.htmx), viewer_of(request)  # type: ignore[attr-defined]
    here = jumps.somebody_at(request.GET.get("here", ""), viewer)
    sections = found(viewer, text, _IN_PALETTE if in_palette else _ON_PAGE, here)
    context = {"q": text, "sections": sections, "in_palette": in_palette}
    return render(request, f"crm/home/search.html{'#results' if in_palette else ''}", context)


def found(viewer: User, text: str, limit: int, here: Account | Contact | None = None) -> list[dict[str, Any]]:
    """Sections with what each source found. What is only alike is looked for when nothing of the record was found.

    What can be done about whoever's page one stands on comes first.
    """
    sections = list(_asked(viewer, text, limit, lambda source: source.find))
    if text and not any(section["of_record"] for section in sections):
        sections = [*_asked(viewer, text, limit, lambda source: source.alike, "Perhaps "), *sections]
    if here and (acts := jumps.about(here, viewer, text)):
        lines = [_line(hit, text) for hit in acts[:limit]]
        sections.insert(0, {"label": here.name, "lines": lines, "of_record": False, "more": ""})
    return sections


def _asked(
    viewer: User, text: str, limit: int, which: Callable[[slots.SearchSource], Any], doubt: str = ""
) -> Iterator[dict[str, Any]]:
    sources = [source for source in slots.search_sources if which(source)]
    while sources:
        for source, hits in _together(sources, which, viewer, text, limit):
            if hits:
                label = f"{doubt}{source.label.lower()}" if doubt else source.label
                shown = hits[:limit] if source.of_record else hits
                more = source.label.lower() if len(hits) > len(shown) else ""
                lines = [_line(hit, text) for hit in shown]
                yield {"label": label, "lines": lines, "of_record": source.of_record, "more": more}


def _together(
    sources: list[slots.SearchSource], which: Callable[..., Any], viewer: User, text: str, limit: int
) -> list[tuple[slots.SearchSource, Sequence[Found]]]:
    """Ask the sources in one transaction, which one that takes too long ends: those behind it are left for the next."""
    found: list[tuple[slots.SearchSource, Sequence[Found]]] = []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(_LONGEST_MS)])
            while sources:
                source = sources.pop(0)
                found.append((source, list(which(source)(viewer, text, limit + source.of_record))))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        logger.warning("The search gave up on %s, which took longer than %s ms", source.label, _LONGEST_MS)
    return found


def _line(hit: Found, text: str) -> dict[str, Any]:
    return {
        "title": marked(hit.title, text), "second": marked(hit.second, text), "url": hit.url, "icon": hit.icon,
        "sends": hit.sends,
    }  # fmt: skip


def marked(words: str, text: str) -> SafeString:
    """The words with what was typed marked, wherever it stands."""
    if not text:
        return escape(words)
    parts = re.split(f"({re.escape(text)})", words, flags=re.IGNORECASE)
    # Every second part is what was typed; all are escaped.
    return mark_safe("".join(f"<mark>{escape(p)}</mark>" if n % 2 else escape(p) for n, p in enumerate(parts)))  # noqa: S308
