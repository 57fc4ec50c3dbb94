"""Every address × caller × method, from the URL map and the schema: nobody gets further than the table says.

Reading never writes: GET and HEAD, and whatever is refused, leave every table as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from crm.team.models import ApiToken, Membership, Team, User
from tests.architecture.access import ROWS, SECRET, Row, World

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
SAFE = {"GET", "HEAD"}
#: Who must not see Mira's records: one who sees own ones, and one who sees those of a team that she is not in.
NARROW = {"confined", "teamed"}
REFUSED = {403, 404}


def routes(patterns: list[Any], spaces: str = "", path: str = "") -> Iterator[tuple[str, str]]:
    """(name with namespaces, route) of every address."""
    for pattern in patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{spaces}{pattern.namespace}:" if pattern.namespace else spaces
            yield from routes(pattern.url_patterns, inner, here)
        elif isinstance(pattern, URLPattern):
            yield (f"{spaces}{pattern.name}" if pattern.name else here), here


ROUTES = dict(routes(get_resolver().url_patterns))
KNOWN = sorted(ROUTES.keys() & ROWS.keys())


def test_every_address_has_a_row() -> None:
    assert sorted(ROUTES.keys() - ROWS.keys()) == [], "add what may happen there to tests/architecture/access.py"
    assert sorted(ROWS.keys() - ROUTES.keys()) == [], "these rows name addresses that are gone"


def test_the_schema_has_the_methods_of_the_table(db: None) -> None:
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    described = {path: set(operations) - {"parameters"} for path, operations in schema["paths"].items()}
    expected = {
        _plain(ROUTES[name]): set(ROWS[name].methods.lower().split())
        for name in KNOWN
        if name.startswith("api-") and not ROWS[name].public and ROWS[name].methods
    }
    assert described == expected


def _plain(route: str) -> str:
    """`api/v1/^tasks/(?P<pk>…)/$` as the schema writes it: `/api/v1/tasks/{id}/`."""
    named = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: f"{{{found[1]}}}", route.replace("^", "").rstrip("$"))
    return "/" + named.replace("{pk}", "{id}")


@pytest.fixture
def world(mira: User) -> World:
    return World(mira)


@pytest.fixture
def callers(ada: User, mira: User, olaf: User, sam: User) -> dict[str, tuple[User | None, str]]:
    """Name → (user, secret of a token of theirs)."""
    tove = User.objects.create_user("tove@example.com", "correct horse", name="Tove", role="manager", sees="team")
    team = Team.objects.create(name="South")
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in (olaf, tove)])
    people = {"admin": ada, "manager": mira, "confined": olaf, "teamed": tove, "agent": sam}
    found: dict[str, tuple[User | None, str]] = {"anonymous": (None, "")}
    return found | {name: (user, ApiToken.issue(user, "write")[1]) for name, user in people.items()}


def _client(name: str, user: User | None, secret: str) -> Client:
    is_api = name.startswith("api-")
    headers = {"Authorization": f"Bearer {secret}"} if is_api and secret else {}
    client = Client(raise_request_exception=False, headers=headers)
    if user and not is_api:
        client.force_login(user)
    return client


@pytest.mark.usefixtures("kept_standing", "refusals_unlogged")
@pytest.mark.parametrize(
    "whole", [pytest.param(False, id="short"), pytest.param(True, marks=pytest.mark.long, id="every method")]
)
@pytest.mark.parametrize("chosen", ["pages", "api"])
def test_nobody_gets_further_than_the_table_says(
    chosen: str, whole: bool, world: World, callers: dict[str, Any]
) -> None:
    leaks = []
    names = [name for name in KNOWN if name.startswith("api-") == (chosen == "api")]
    clients = {
        caller: (_client("api-" if chosen == "api" else "", user, secret), user)
        for caller, (user, secret) in callers.items()
    }
    for client, _ in clients.values():  # the first use of a token and the last visit are noted
        client.get("/api/v1/tasks/" if chosen == "api" else "/healthz")
    for name in names:
        row = ROWS[name]
        url = reverse(name, kwargs=row.at(world))
        for caller, (client, user) in clients.items():
            methods = METHODS if whole else _methods(caller, row)
            leaks += _leaks(name, row, url, caller, user, client, methods)
    assert "\n".join(leaks) == ""


def _leaks(
    name: str, row: Row, url: str, caller: str, user: User | None, client: Client, methods: list[str]
) -> Iterator[str]:
    session, before = copy(client.cookies), written()
    for method in methods:
        mark = transaction.savepoint_create()
        answer = client.generic(method, url, b"{}" if name.startswith("api-") else b"", "application/json")
        wrong = _wrong(name, row, method, caller, user.role if user else "", answer)
        harmless = (
            method in SAFE or answer.status_code in {401, 403, 404, 405} or (caller == "anonymous" and not row.public)
        )
        after = written()  # what is rolled back stays counted
        if harmless and not wrong and after != before:
            wrong = "changed the database"
        before = after
        transaction.savepoint_rollback(mark)
        client.cookies = copy(session)  # signing out, rolled back too
        if wrong:
            yield f"{method} {name} as {caller}: {answer.status_code} {wrong}"


def _methods(caller: str, row: Row) -> list[str]:
    """Everything for whoever is nobody and for whoever may do most: what the second is refused as no method of the
    address is one for no one, and HEAD and OPTIONS are answered to all as to these. The others try what the address
    has; the second confined one can only differ from the first in what they read, and in foreign rows."""
    if caller in {"anonymous", "admin"}:
        return METHODS
    if caller == "teamed" and not row.foreign:
        return ["GET"]
    return [method for method in METHODS if method in {"GET", *row.methods.split()} - {"HEAD", "OPTIONS"}]


def _wrong(name: str, row: Row, method: str, caller: str, role: str, answer: Any) -> str:
    status, is_api = answer.status_code, name.startswith("api-")
    if status >= 500 and name != "web:readyz":
        return "fails"
    offered = "GET" if method == "HEAD" else method
    if caller in NARROW and not row.public and SECRET.encode() in _content(answer):
        return "shows a foreign row"
    if row.public:
        return ""
    if caller == "anonymous":
        refused = status == 401 if is_api else status == 302 and answer["Location"].startswith("/sign-in/")
        return "" if refused else "lets anybody in"
    if offered not in row.methods.split():
        return "" if status in {405, *REFUSED} else "answers a method that the table does not have"
    if method == "HEAD" and status == 405:
        return ""  # a page may leave HEAD out
    if role not in (row.readers if method in SAFE else row.writers):
        return "" if status in REFUSED else f"lets the role {role} in"
    if caller in NARROW and row.foreign:
        return "" if status == 404 else "tells of a foreign row"
    return "refuses whom it should serve" if status in {401, 405, *REFUSED} else ""


def _content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def written() -> int:
    """How many rows of ours this transaction has written so far: asked thousands of times, so it reads none of them,
    nor the view that counts the same for every table there is."""
    with connection.cursor() as cursor:
        cursor.execute(_counting())
        return int(cursor.fetchone()[0])


@cache
def _counting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(name::regclass::oid)::text FROM unnest(%s::text[]) AS name", [_tables()])
        (numbers,) = cursor.fetchone()
    return (
        "SELECT sum(pg_stat_get_xact_tuples_inserted(id) + pg_stat_get_xact_tuples_updated(id)"
        f" + pg_stat_get_xact_tuples_deleted(id)) FROM unnest('{numbers}'::oid[]) AS id"
    )


def _tables() -> list[str]:
    return [model._meta.db_table for app in ("crm", "retention") for model in apps.get_app_config(app).get_models()]


def fingerprint() -> str:
    """Of every row of every table of ours."""
    tables = _tables()
    parts = [f"(SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t)" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(array_to_string(ARRAY[{', '.join(parts)}], ''))")
        (found,) = cursor.fetchone()
    return str(found)
