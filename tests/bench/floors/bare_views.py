"""The floor of each page: session and user, one bare query for each of its panels, and a plain template of the rows.

Frozen: the product imports nothing from here, and what is here follows no change of the product but that of a column.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine, Template
from django.urls import path

_FOLDER = Path(__file__).parent / "pages"
_engine = Engine(dirs=[_FOLDER], loaders=[("django.template.loaders.cached.Loader", [
    ("django.template.loaders.filesystem.Loader", [_FOLDER])])])  # fmt: skip


def bare_urls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def with_urls(request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__
        return get_response(request)

    return with_urls


@cache
def _statements(name: str) -> dict[str, str]:
    """The parts of a .sql file, each under a line `-- panel: NAME`."""
    parts = (_FOLDER / f"{name}.sql").read_text().split("-- panel: ")[1:]
    found = {panel.strip(): statement for panel, _, statement in (part.partition("\n") for part in parts)}
    if len(found) < len(parts):
        raise ValueError(f"{name}.sql names a panel twice, and the bare page would ask for less than it says.")
    return found


@cache
def _template(name: str) -> Template:
    return _engine.get_template(f"{name}.html")


def _ask(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _page(request: HttpRequest, name: str, panels: dict[str, str], **values: Any) -> HttpResponse:
    """`panels`: name in the template → name in the file."""
    now = datetime.now(UTC)
    values |= {"viewer": request.user.pk, "now": now, "tomorrow": now + timedelta(days=1)}
    found = {panel: _ask(_statements(name)[part], values) for panel, part in panels.items()}
    return HttpResponse(_template(name).render(Context({"user": request.user, "now": now, **found})))


_AROUND = {"total": "total", "about": "about", "people": "people", "due": "due", "eyes": "eyes"}


def accounts(request: HttpRequest, sort: str) -> HttpResponse:
    """?value=&id= is the edge of the page before, without a value among rows that have none; else the first page."""
    value, last = request.GET.get("value"), request.GET.get("id")
    part = sort if not last else f"{sort} after" if value else f"{sort} beyond"
    return _page(request, "accounts", {"rows": part, **_AROUND}, value=value, id=last)


def contacts(request: HttpRequest, sort: str) -> HttpResponse:
    """As `accounts`."""
    value, last = request.GET.get("value"), request.GET.get("id")
    part = sort if not last else f"{sort} after" if value else f"{sort} beyond"
    return _page(request, "contacts", {"rows": part, **_AROUND}, value=value, id=last)


#: Whose customers somebody sees, with those of nobody.
_SEEN = {
    "own": "(a.owner_id = %(viewer)s OR a.owner_id IS NULL)",
    "team": "(a.owner_id = ANY (%(mates)s) OR a.owner_id IS NULL)",
}


def sight(request: HttpRequest, sees: str, kind: str, sort: str) -> HttpResponse:
    """The lists of somebody who does not see everything; ?value=&id= as in `accounts`."""
    asked, values, said = request.GET, {"viewer": request.user.pk}, _statements("sight")
    mates = [row["user_id"] for row in _ask(said["mates"], values)] if sees == "team" else []
    values |= {"mates": mates, "value": asked.get("value"), "id": asked.get("id"), "now": datetime.now(UTC)}
    values["tomorrow"] = values["now"] + timedelta(days=1)
    parts = {"rows": f"{kind} {sort}{' after' if 'id' in asked else ''}", **_AROUND, "total": f"{kind} total"}
    found = {panel: _ask(said[part].replace("{seen}", _SEEN[sees]), values) for panel, part in parts.items()}
    return HttpResponse(_template(kind).render(Context({"user": request.user, "now": values["now"], **found})))


def account(request: HttpRequest, pk: int) -> HttpResponse:
    panels = ["account", "entries", "people", "marks", "contracts", "next", "tasks", "runs", "due", "eyes"]
    return _page(request, "account", {panel: panel for panel in panels}, account=pk)


def tasks(request: HttpRequest) -> HttpResponse:
    panels = ["late", "today", "week", "later", "due", "eyes"]
    return _page(request, "tasks", {panel: panel for panel in panels}, monday=datetime.now(UTC) + timedelta(days=7))


def today(request: HttpRequest) -> HttpResponse:
    """?kept=1: without what the product may keep for a minute."""
    panels = ["rows", "feed", "tasks", "newest", "due", "eyes"]
    if "kept" not in request.GET:
        panels += ["figures", "touches", "renewals", "silences"]
    monday = datetime.now(UTC) - timedelta(days=datetime.now(UTC).weekday())
    return _page(request, "today", {panel: panel for panel in panels}, monday=monday)


_DESK = {"waiting": "waiting", "due": "due", "eyes": "eyes"}


def tickets(request: HttpRequest, kind: str) -> HttpResponse:
    """?value=&id= is the edge of the page before; ?category= what it is narrowed to."""
    asked = request.GET
    rows = f"{kind} after" if "id" in asked else kind
    panels = {"rows": rows, "total": f"{kind} total", "people": "people", "teams": "teams", **_DESK, "due": "tasks due"}
    return _page(request, "tickets", panels, value=asked.get("value"), id=asked.get("id"),
                 category=asked.get("category"))  # fmt: skip


def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    panels = ["ticket", "messages", "events", "others", "entries", "contracts"]
    return _page(request, "ticket", {panel: panel for panel in panels} | _DESK, ticket=pk)


def insight(request: HttpRequest) -> HttpResponse:
    """Of the last thirty days."""
    panels = ["opened", "answered", "solved", "rated", "moved", "backlog"]
    since = datetime.now(UTC) - timedelta(days=30)
    return _page(request, "insight", {panel: panel for panel in panels} | _DESK, since=since)


def board(request: HttpRequest, pk: int) -> HttpResponse:
    """?owner=me: narrowed to the viewer's own."""
    mine = " mine" if "owner" in request.GET else ""
    panels = {panel: panel for panel in ("stages", "pipelines", "views")} | _DESK
    return _page(request, "board", panels | {"totals": f"totals{mine}", "cards": f"cards{mine}"}, pipeline=pk)


def forecast(request: HttpRequest, pk: int) -> HttpResponse:
    panels = {panel: panel for panel in ("stages", "pipelines", "views", "months")} | _DESK
    return _page(request, "forecast", panels, pipeline=pk)


def pipeline_insight(request: HttpRequest, pk: int) -> HttpResponse:
    """Of the last ninety days."""
    panels = {panel: panel for panel in ("entered", "left", "decided", "opened")} | _DESK
    since = datetime.now(UTC) - timedelta(days=90)
    return _page(request, "pipeline_insight", panels, pipeline=pk, since=since)


def dashboard(request: HttpRequest) -> HttpResponse:
    panels = ("figures", "segments", "views", "renewals")
    return _page(request, "dashboard", {panel: panel for panel in panels} | _DESK)


urlpatterns = [
    path("bare/accounts/<sort>/", accounts),
    path("bare/contacts/<sort>/", contacts),
    path("bare/sight/<sees>/<kind>/<sort>/", sight),
    path("bare/account/<int:pk>/", account),
    path("bare/tasks/", tasks),
    path("bare/today/", today),
    path("bare/tickets/<kind>/", tickets),
    path("bare/ticket/<int:pk>/", ticket),
    path("bare/insight/", insight),
    path("bare/board/<int:pk>/", board),
    path("bare/dashboard/", dashboard),
    path("bare/forecast/<int:pk>/", forecast),
    path("bare/pipeline-insight/<int:pk>/", pipeline_insight),
]
