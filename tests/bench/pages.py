"""Pages through a real server, each beside its bare view: asked in turns, so that noise falls on both alike."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from crm.accounts.lists import ACCOUNTS, CONTACTS
from crm.web.pagination import cursor_at
from tests.bench import sight
from tests.bench.asking import ASKED, Asked, beside_floor, deep_edge, queries
from tests.bench.figures import Figure
from tests.bench.population import Population, say
from tests.bench.rows import BUSY
from tests.bench.server import Site, forget_figures, serving

#: Sort of the list → the order in SQL, and what the cursor's value is.
_ORDERS = {
    "name": ("lower(a.name), a.id", "lower(a.name)"),
    "owner": ("lower(u.name), u.id, a.id", "a.owner_id"),
    "renewal": ("a.renews_on, a.id", "a.renews_on"),
    "-mrr": ("a.mrr DESC, a.id DESC", "a.mrr"),
    "silence": ("s.silent_since, s.account_id", "s.silent_since"),
}
_CONTACTS = "lower(c.first_name || ' ' || c.last_name)"
#: The same of the list of people.
_CONTACT_ORDERS = {
    "name": (f"{_CONTACTS}, c.id", _CONTACTS),
    "-seen": ("s.at DESC NULLS LAST, s.contact_id DESC", "s.at"),
}
#: Filters that no index serves: they answer, or ask to narrow.
_OTHER = {
    "name contains": '{"field":"name","op":"contains","value":"zon lab"}',
    "more than nine contacts": '{"field":"contacts","op":">","value":9}',
    "use case is": '{"field":"primary_use_case","op":"is","value":"nothing"}',
}


def measure(population: Population, requests: int = ASKED) -> list[Figure]:
    with population.entered(), serving(population) as site:
        pages = list(pages_of(population))
        figures = []
        for page in pages:
            figures.append(beside_floor(site, page, requests, population))
            say(f"  {page.what}: {figures[-1].ours:.1f} ms, bare {figures[-1].floor:.1f} ms")
        confined = list(sight.measure(population, site, requests))
        most = _most_queries(pages, confined)
        return [*figures, *confined, *_deep(site, pages, requests), most, *_other(site)]


def pages_of(population: Population) -> Iterator[Asked]:
    for sort in _ORDERS:
        yield from _of_list("accounts", sort, ACCOUNTS.orders[sort].label.lower(), _account_edge(sort, population))
    for sort in _CONTACT_ORDERS:
        yield from _of_list("contacts", sort, CONTACTS.orders[sort].label.lower(), _contact_edge(sort, population))
    for key, what, pk in (("ordinary", "account", population.ordinary), ("busy", "account of 10,000 entries", BUSY)):
        yield Asked(f"pages.account.{key}", what, f"/accounts/{pk}/", f"/bare/account/{pk}/")
    yield Asked("pages.tasks", "tasks", "/tasks/", "/bare/tasks/")
    yield Asked("pages.today.kept", "Today, figures kept", "/", "/bare/today/?kept=1")
    yield Asked("pages.today.counted", "Today, figures counted", "/", "/bare/today/", forget_figures)


def _of_list(noun: str, sort: str, label: str, edge: tuple[Any, int, int]) -> Iterator[Asked]:
    """Its first page, and the deep one behind `edge`: value and id of the last row before it, and which page it is."""
    value, last, number = edge
    yield Asked(f"pages.{noun}.{sort}", f"{noun}, {label}", f"/{noun}/?sort={sort}", f"/bare/{noun}/{sort}/")
    ours = urlencode({"sort": sort, "cursor": cursor_at(value, last)})
    bare = urlencode({"value": "" if value is None else value, "id": last})
    yield Asked(
        f"pages.{noun}.{sort}.deep", f"{noun}, {label}, page {number:,}",
        f"/{noun}/?{ours}", f"/bare/{noun}/{sort}/?{bare}",
    )  # fmt: skip


def _account_edge(sort: str, population: Population) -> tuple[Any, int, int]:
    order, value = _ORDERS[sort]
    rows = "crm_account a JOIN crm_accountseen s ON s.account_id = a.id LEFT JOIN crm_user u ON u.id = a.owner_id"
    return deep_edge(f"SELECT {value}, a.id FROM {rows} ORDER BY {order}", population.accounts)


def _contact_edge(sort: str, population: Population) -> tuple[Any, int, int]:
    order, value = _CONTACT_ORDERS[sort]
    return deep_edge(
        f"SELECT {value}, c.id FROM crm_contact c JOIN crm_contactseen s ON s.contact_id = c.id ORDER BY {order}",
        population.accounts,
    )


def _deep(site: Site, pages: list[Asked], requests: int) -> Iterator[Figure]:
    """The 1,000th page beside the first one, in turns."""
    by_key = {page.key: page for page in pages}
    for key, deep in by_key.items():
        if not key.endswith(".deep"):
            continue
        first = by_key[key.removesuffix(".deep")]
        took = [(site.get(deep.ours)[0], site.get(first.ours)[0]) for _ in range(requests)]
        ours, floor = (statistics.median(times) for times in zip(*took, strict=True))
        yield Figure(
            f"pages.deep.{key.removeprefix('pages.accounts.').removeprefix('pages.').removesuffix('.deep')}",
            f"{deep.what} beside page 1",
            ours,
            floor,
            "ms",
        )


def _most_queries(pages: list[Asked], confined: list[Figure]) -> Figure:
    counted = {page.what: queries(page) for page in pages} | {made.what: made.more["queries"] for made in confined}
    worst = max(counted, key=lambda what: counted[what])
    return Figure("pages.queries", f"most queries of a page: {worst}", counted[worst], None, "queries", more=counted)


def _other(site: Site) -> Iterator[Figure]:
    """How long the slowest answers take, the request to narrow among them."""
    for what, leaf in _OTHER.items():
        took, answered = [], 0
        for _ in range(3):
            milliseconds, status = site.asked(f"/accounts/?{urlencode({'f': leaf})}")
            took.append(milliseconds)
            answered += status == 200
        more = {"answered": f"{answered} of 3"}
        yield Figure("pages.other", f"accounts, {what}", statistics.median(took) / 1000, None, "s", more=more)
