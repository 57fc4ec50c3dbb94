"""A page asked beside its bare view, in turns, so that noise falls on both alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.segments.listing.page import PAGE_SIZE
from tests.bench.figures import Figure, p95
from tests.bench.population import Population
from tests.bench.server import Site, signed_in

#: Requests of each page, after some to warm it up.
ASKED, WARM = 40, 6
#: The page that must cost what the first does; half-way through where there are not so many.
DEEP = 1000


@dataclass(frozen=True)
class Asked:
    """A page of ours and its bare view. `before` runs before each request of ours."""

    key: str
    what: str
    ours: str
    bare: str
    before: Callable[[], None] = lambda: None


def deep_edge(ordered: str, rows: int) -> tuple[Any, int, int]:
    """Of a statement that gives value and id of so many rows: those of the last one before the deep page, and which
    page that is."""
    number = min(DEEP, rows // PAGE_SIZE // 2)
    with connection.cursor() as cursor:
        cursor.execute(f"{ordered} OFFSET %s LIMIT 1", [(number - 1) * PAGE_SIZE - 1])
        return *cursor.fetchone(), number


def beside_floor(
    site: Site, page: Asked, requests: int, population: Population, client: Client | None = None
) -> Figure:
    """Both asked in turns; medians. `client` is the one of whoever looks, in this process."""
    ours, bare = [], []
    for turn in range(WARM + requests):
        page.before()
        took, body = site.get(page.ours)
        floor, _ = site.get(page.bare)
        if turn >= WARM:
            ours.append(took)
            bare.append(floor)
    more = {"p95": round(p95(ours), 2), "floor_p95": round(p95(bare), 2), "bytes": len(body)}
    more["queries"] = queries(page, client)
    sizes = f"{population.accounts:,} accounts, {requests} requests"
    return Figure(page.key, page.what, statistics.median(ours), statistics.median(bare), "ms", sizes, more)


def queries(page: Asked, client: Client | None = None) -> int:
    """Counted in this process, where the page runs the same code."""
    client = client or signed_in()
    page.before()
    with CaptureQueriesContext(connection) as captured:
        if client.get(page.ours).status_code != 200:
            raise RuntimeError(f"{page.ours} did not answer in this process")
    return len(captured)
