"""The support desk at 200,000 tickets and 2,000,000 messages: queues, tickets and the insight, beside bare views."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

from django.db import connection, transaction

from crm.segments.listing.page import PAGE_SIZE
from crm.tickets.insight.stretch import last_days
from crm.web import clock
from crm.web.pagination import cursor_at
from tests.bench import rows, ticket_rows
from tests.bench.asking import ASKED, DEEP, Asked, beside_floor
from tests.bench.figures import Figure
from tests.bench.population import Population, Progress, insertion, say
from tests.bench.server import serving

#: Tickets, by customers of the population.
ONE_IN = 5
_CATEGORY = 3
_OPEN = {"view": "all", "status": "unsolved", "sort": "due"}


def measure(population: Population, requests: int = ASKED) -> list[Figure]:
    tickets = population.accounts // ONE_IN
    with population.entered():
        _prepare(population, tickets)
        with serving(population) as site:
            figures = []
            for page in _pages(tickets):
                figures.append(beside_floor(site, page, requests, population))
                say(f"  {page.what}: {figures[-1].ours:.1f} ms, bare {figures[-1].floor:.1f} ms")
            return figures


def _pages(tickets: int) -> Iterator[Asked]:
    filtered = f'{{"all":[{{"field":"category","op":"is","value":"Category {_CATEGORY}"}}]}}'
    for key, what, asked in (
        ("due", "open tickets by due", _OPEN),
        ("mine", "my queue", _OPEN | {"assignee": "me"}),
        ("latest", "tickets by latest activity", {"view": "all", "sort": "-updated"}),
        ("category", "tickets of a category, newest first", {"view": "all", "sort": "-created", "f": filtered}),
    ):
        yield Asked(f"tickets.{key}", what, f"/tickets/?{urlencode(asked)}", f"/bare/tickets/{key}/?{_named(key)}")
    at, last, number = _edge(tickets)
    ours = urlencode({"view": "all", "sort": "-updated", "cursor": cursor_at(at, last)})
    bare = urlencode({"value": at, "id": last})
    yield Asked("tickets.latest.deep", f"tickets by latest activity, page {number:,}", f"/tickets/?{ours}",
                f"/bare/tickets/latest/?{bare}")  # fmt: skip
    for key, what, pk in (
        ("ordinary", "ticket", tickets // 2), ("busy", "ticket of 1,000 messages", ticket_rows.BUSY),
    ):  # fmt: skip
        yield Asked(f"tickets.ticket.{key}", what, f"/tickets/{pk}/", f"/bare/ticket/{pk}/")
    for days in (30, 90):  # the floor is of thirty
        asked = last_days(days, clock.now()).query()
        yield Asked(f"tickets.insight.{days}", f"insight, {days} days", f"/tickets/insight/?{asked}", "/bare/insight/")


def _named(key: str) -> str:
    return urlencode({"category": _CATEGORY} if key == "category" else {})


def _edge(tickets: int) -> tuple[datetime, int, int]:
    """Of the last row before the deep page, and which page that is."""
    number = min(DEEP, tickets // PAGE_SIZE // 2)
    with connection.cursor() as cursor:
        ordered = "SELECT updated_at, id FROM crm_ticket ORDER BY updated_at DESC, id DESC OFFSET %s LIMIT 1"
        cursor.execute(ordered, [(number - 1) * PAGE_SIZE - 1])
        return *cursor.fetchone(), number


# The rows -------------------------------------------------------------------------------------------------------------


def _prepare(population: Population, tickets: int) -> None:
    """Found, or made: all of them or, if it is broken off, none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bench_tickets')")
        if cursor.fetchone()[0] is None:
            _fill(population, tickets)


def _fill(population: Population, tickets: int) -> None:
    stages = ticket_rows.stages(tickets)
    say(f"Filling in {tickets:,} tickets and {tickets * ticket_rows.SAID:,} messages")
    progress = Progress(sum(stage.upto for stage in stages))
    with transaction.atomic(), connection.cursor() as cursor:
        # Without triggers, history and looks at other rows: what refers to what is as the expressions have it.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(rows.PICK)
        for stage in stages:
            statement, values = insertion(stage)
            for low in range(0, stage.upto, stage.chunk):
                span = {"low": low + 1, "high": min(low + stage.chunk, stage.upto)}
                cursor.execute(statement, {**values, **span, "n": population.accounts, "anchor": population.anchor})
                progress.add(span["high"] - low, stage.model._meta.verbose_name_plural)
            last = f"(SELECT max(id) FROM {stage.table})"
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{stage.table}', 'id'), {last})")
        cursor.execute("CREATE TABLE bench_tickets AS SELECT count(*) FROM crm_ticket")
    with connection.cursor() as cursor:
        for table in dict.fromkeys(stage.table for stage in stages):
            cursor.execute(f"VACUUM ANALYZE {table}")
