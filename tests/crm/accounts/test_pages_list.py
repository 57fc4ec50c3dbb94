"""The list of accounts: order, pages, search, filters, access and cost."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Account
from crm.segments import filterbar
from crm.segments.listing import page as listing
from crm.team.models import User
from tests import factories
from tests.conftest import NOON


def names(page: Any) -> list[str]:
    return re.findall(r'<a class="cover clip" href="[^"]*"><b>([^<]*)</b>', page.content.decode())


def filtered(web: Client, tree: Any, **more: str) -> Any:
    return web.get("/accounts/", {"f": json.dumps(tree), **more})


def test_an_empty_installation_says_how_to_begin(web: Client) -> None:
    page = web.get("/accounts/").content.decode()

    assert "No accounts yet" in page
    assert '/imports/new/?kind=accounts">' in page
    assert "manage.py" not in page


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["alder", "Birch", "Cedar", "Dune"]),
        ("name", ["alder", "Birch", "Cedar", "Dune"]),
        ("-name", ["Dune", "Cedar", "Birch", "alder"]),
        ("-mrr", ["Cedar", "Birch", "Dune", "alder"]),
        ("mrr", ["alder", "Dune", "Birch", "Cedar"]),
        ("renewal", ["Birch", "alder", "Cedar", "Dune"]),
        ("silence", ["Dune", "Birch", "alder", "Cedar"]),
        ("owner", ["Cedar", "Birch", "alder", "Dune"]),
        ("-owner", ["alder", "Birch", "Cedar", "Dune"]),
        ("-renewal", ["alder", "Birch", "Dune", "Cedar"]),
        ("-silence", ["alder", "Birch", "Dune", "Cedar"]),
        ("created", ["alder", "Birch", "Cedar", "Dune"]),
        ("-created", ["Dune", "Cedar", "Birch", "alder"]),
    ],
)
def test_each_sort(
    web: Client, sort: str, order: list[str], mira: User, sam: User, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Across pages of two, so that each sort's cursor is walked as well; ties go by id, missing values come last.

    Owners go by name: Ada, Mira, Sam.
    """
    owners = [sam, mira, ada, None]
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    seen = [NOON - timedelta(days=3), NOON - timedelta(days=9), None, NOON - timedelta(days=20)]
    mrr, renews = [0, 500, 900, 0], [date(2026, 8, 1), date(2026, 7, 1), None, None]
    for index, name in enumerate(["alder", "Birch", "Cedar", "Dune"]):
        factories.account(
            name, mrr=mrr[index], renews_on=renews[index], last_seen_at=seen[index], owner=owners[index],
            created_at=NOON + timedelta(minutes=index),
        )  # fmt: skip
    found, address = [], f"/accounts/?sort={sort}"
    while address:
        page = web.get(address)
        found += names(page)
        more = re.search(r'rel="next"[^>]*|href="([^"]*cursor=[^"]*)" rel="next"', page.content.decode())
        address = f"/accounts/{more[1]}".replace("&amp;", "&") if more else ""

    assert found == order


@pytest.mark.parametrize("asked", ["sort=nonsense", "owner=99999999999999999999", "owner=mira", "lifecycle=nonsense"])
def test_what_no_list_has_is_nowhere(web: Client, asked: str) -> None:
    factories.account("Birch")
    assert web.get(f"/accounts/?{asked}").status_code == 404


def test_htmx_gets_the_next_rows_and_nothing_else(web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    for name in ("A", "B", "C"):
        factories.account(name)
    first = web.get("/accounts/")
    cursor = re.search(r"cursor=([\w-]+)", first.content.decode())
    assert cursor

    rows = web.get(f"/accounts/?cursor={cursor[1]}", headers={"HX-Request": "true"})

    assert names(rows) == ["C"]
    assert b"<html" not in rows.content
    assert b"data-more" not in rows.content
    assert "HX-Request" in rows["Vary"]


def test_a_damaged_cursor_is_refused(web: Client) -> None:
    assert web.get("/accounts/?cursor=garbage").status_code == 400


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nordwind", ["Nordwind Logistics"]),
        ("WIND", ["Nordwind Logistics", "Windrose"]),
        ("no", ["Nordwind Logistics"]),  # two letters: only beginnings
        ("tagus.ex", ["Games of Tagus"]),
        ("100%", []),
        ("%", []),
        ("  ", ["Games of Tagus", "Nordwind Logistics", "Windrose"]),
        ("a\0b", []),
    ],
)
def test_search_by_name_and_domain(web: Client, typed: str, found: list[str]) -> None:
    factories.account("Nordwind Logistics")
    factories.account("Windrose")
    factories.account("Games of Tagus", domain="tagus.example")

    assert names(web.get("/accounts/", {"q": typed})) == found


def test_search_uses_the_trigram_indexes(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Account.objects.called("nordwind").order_by().explain()

    assert "account_name_search" in plan
    assert "account_domain_search" in plan


def test_name_contains_is_served_by_the_index_of_the_search(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    chosen = filterbar.read('{"field": "name", "op": "contains", "value": "wind"}')

    assert "account_name_search" in chosen.apply(Account.objects.all(), NOON).order_by().explain()


def test_by_owner_costs_no_more_than_twelve_queries(
    web: Client, mira: User, sam: User, ada: User, kept_standing: None
) -> None:
    """Also where a page goes from one owner to others and to those without."""
    for number in range(120):
        factories.account(owner=[ada, mira, sam, None][number % 4])
    first = web.get("/accounts/?sort=owner")
    cursor = re.search(r"cursor=([\w-]+)", first.content.decode())
    assert cursor

    for address in ("/accounts/?sort=owner", f"/accounts/?sort=owner&cursor={cursor[1]}"):
        with CaptureQueriesContext(connection) as queries:
            assert web.get(address).status_code == 200
        assert len(queries) <= 12


def test_nothing_found_offers_to_clear(web: Client) -> None:
    factories.account("Nordwind")

    page = web.get("/accounts/?q=zzz&sort=mrr").content.decode()

    assert "No matches" in page
    assert '<a class="btn" href="?sort=mrr">Clear all filters</a>' in page


def test_by_owner_lifecycle_and_tag(web: Client, mira: User, sam: User) -> None:
    factories.account("Mine", owner=mira, lifecycle="customer")
    factories.account("Sams", owner=sam, tags=["key account"])
    factories.account("Nobodys")

    assert names(web.get("/accounts/?owner=me")) == ["Mine"]
    assert names(web.get("/accounts/?owner=nobody")) == ["Nobodys"]
    assert names(web.get(f"/accounts/?owner={sam.pk}")) == ["Sams"]
    assert names(web.get("/accounts/?lifecycle=customer")) == ["Mine"]
    assert names(web.get("/accounts/?tag=key+account")) == ["Sams"]


def test_the_filter_language_in_the_address(web: Client) -> None:
    factories.account("Small", mrr=100)
    factories.account("Large", mrr=900)

    page = filtered(web, {"all": [{"field": "mrr", "op": ">=", "value": 500}]})

    assert names(page) == ["Large"]
    assert "MRR is at least €\u202f500" in page.content.decode()
    assert "1 account<" in page.content.decode()


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"x":1}', '{"field":"nope","op":"is","value":1}', "[" * 5000])
def test_a_filter_that_cannot_be_read_is_said_and_shows_nobody(web: Client, text: str) -> None:
    factories.account("Nordwind")

    page = web.get("/accounts/", {"f": text})

    assert page.status_code == 400
    assert "This filter cannot be used:" in page.content.decode()
    assert names(page) == []


def test_a_confined_manager_sees_own_and_unowned_only(client: Client, olaf: User, mira: User) -> None:
    factories.account("Olafs", owner=olaf)
    factories.account("Miras", owner=mira)
    factories.account("Nobodys")
    client.force_login(olaf)

    page = client.get("/accounts/")

    assert names(page) == ["Nobodys", "Olafs"]
    assert "2 accounts<" in page.content.decode()
    assert names(client.get(f"/accounts/?owner={mira.pk}")) == []
    assert names(client.get("/accounts/?q=Miras")) == []


def test_a_thousand_rows_cost_the_queries_of_sixty(web: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert web.get("/accounts/").status_code == 200
        return len(queries)

    cost()  # notes when somebody was here
    Account.objects.bulk_create(Account(name=f"A{number}") for number in range(60))
    sixty = cost()
    Account.objects.bulk_create(Account(name=f"B{number}") for number in range(940))

    assert cost() == sixty
    assert sixty <= 12


def test_beyond_a_thousand_nobody_counts(web: Client) -> None:
    Account.objects.bulk_create(Account(name=f"A{number}") for number in range(1001))

    assert "more than 1,000 accounts" in web.get("/accounts/?owner=nobody").content.decode()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_account")
    assert "about 1,000 accounts" in web.get("/accounts/").content.decode()


def test_all_that_a_menu_offers_leads_back_to_the_list(client: Client, mira: User) -> None:
    client.force_login(mira)

    page = client.get("/lists/account/by/owner/?lifecycle=customer").content.decode()

    assert '<a class="back" href="/accounts/?lifecycle=customer' in page
