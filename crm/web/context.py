"""What the shell around every page needs: the rail, and light or dark."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from django.http import HttpRequest

from crm import slots
from crm.web import standing
from crm.web.addresses import page
from crm.web.counting import counted

THEME_COOKIE = "theme"
THEMES = {"light": "Light", "dark": "Dark", "system": "System"}
#: Who is told when mail is held, or work stands still.
NOTICED = frozenset({"admin", "manager"})
#: Enough for a badge; beyond it nobody counts.
MOST_COUNTED = 99


def shell(request: HttpRequest) -> dict[str, Any]:
    """`rail` and `bell` are called by the template, so that fragments and pages outside the shell count nothing."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    around = _Around(request)
    return {
        "theme": chosen if chosen in THEMES else "system",
        "themes": THEMES.items(),
        "rail": partial(around.at, "rail"),
        "bell": partial(around.at, "bell"),
        "notices": partial(_notices, request),
    }


def _notices(request: HttpRequest) -> list[slots.Notice]:
    """What this viewer should know on whatever page; agents, who can mend nothing, are left alone."""
    if getattr(request.user, "role", None) not in NOTICED:
        return []
    how = standing.seen_by(request.user)
    return [notice for find in slots.notices if (notice := find(request, how))]


class _Around:
    """The entries around a page, worked out once wherever they stand."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        return _entries(self.request)

    def at(self, place: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["place"] == place]


def _entries(request: HttpRequest) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for entry in slots.menu:
        if entry.place == "search" or getattr(request.user, "role", None) not in entry.roles:
            continue
        url = page(entry.url_name)
        if not url:
            continue  # a room without pages
        here = request.path == url or (url != "/" and request.path.startswith(url))
        count = entry.count(request.user) if entry.count else None
        entries.append(
            {"label": entry.label, "icon": entry.icon, "url": url, "here": here, "count": count, "place": entry.place}
        )
    for one, number in zip(entries, counted([one["count"] for one in entries], MOST_COUNTED), strict=True):
        one["count"] = number
    nearest = max((entry["url"] for entry in entries if entry["here"]), key=len, default=None)
    for one in entries:  # a room may stand below another's address
        one["here"] = one["url"] == nearest
    return entries
