"""Where everything is set: all settings pages of all rooms, in groups, and one box that finds them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from crm import slots
from crm.settings.reminding import remind
from crm.team.viewer import viewer_of

#: In the order in which they stand, with what each is about.
GROUPS = {
    "You": "for you alone",
    "Team": "who works here, and what they may",
    "Record": "what is known about customers",
    "Mail": "what leaves, and how",
    "Support": "how customers reach you, and by when they hear from you",
    "Installation": "the machine itself",
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the viewer may set. `q` narrows without JavaScript too."""
    viewer, asked = viewer_of(request), request.GET.get("q", "").strip()[:100]
    words = asked.casefold().split()
    groups: dict[str, list[dict[str, str]]] = {name: [] for name in GROUPS}
    for page in slots.settings_pages:
        if viewer.role not in page.roles:
            continue
        try:
            url = reverse(page.url_name)
        except NoReverseMatch:
            continue  # a page that this installation does not have
        searched = f"{page.label} {page.hint} {page.group} {page.keywords}".casefold()
        if all(word in searched for word in words):
            line = {"label": page.label, "hint": page.hint, "icon": page.icon, "searched": searched}
            groups.setdefault(page.group, []).append(line | {"url": url + (page.anchor and f"#{page.anchor}")})
    context: dict[str, Any] = {
        "groups": [(name, GROUPS.get(name, ""), pages) for name, pages in groups.items() if pages],
        "q": asked,
        "start": remind(viewer, request) if not words else None,
    }
    return render(request, "crm/settings/index.html", context)
