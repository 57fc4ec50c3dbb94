"""Cursors of addresses: ours lead on, and whatever else stands there is refused before it reaches Postgres."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Lower
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Account
from crm.team.models import User
from crm.web.pagination import BadCursor, Sort, keyset_page
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def cursor(content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


SORTS = {
    "name": Sort("name_key"),
    "owner": Sort("owner_id", groups=lambda: User.objects.order_by(Lower("name"), "id")),
    "key": Sort("owner_id", nullable=True),
    "mrr": Sort("mrr", descending=True),
    "renewal": Sort("renews_on", nullable=True),
    "silence": Sort("seen__silent_since", key="seen__account", nullable=True),
    "created": Sort("created_at", descending=True),
    "id": Sort("id", descending=True),
}


@pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS)
def test_pages_of_every_kind_of_column_follow_one_another(sort: Sort, mira: User, sam: User) -> None:
    for number, owner in enumerate([mira, sam, None, mira, None]):
        factories.account(
            f"Åcme {number % 2}", owner=owner, mrr=number * 10, created_at=NOON + timedelta(hours=number),
            renews_on=[None, NOON.date()][number % 2],
        )  # fmt: skip
    rows, after, seen = Account.objects.for_list(), None, []
    for _ in range(5):
        page = keyset_page(rows, sort, after, 1)
        seen += [row.pk for row in page.rows]
        after = page.next
    assert (sorted(seen), after) == (sorted(Account.objects.values_list("pk", flat=True)), None)


DAMAGED = {
    "a list for a value": [["x"], 1],
    "an object for a value": [{}, 1],
    "an object": {"a": 1, "b": 2, "c": 3},
    "one part": [1],
    "a list for an id": ["x", [1]],
    "no id": ["x", None],
    "an endless id": '["x", Infinity]',
    "a number of too many digits": f'["x", {"9" * 5000}]',
    "nesting": "[" * 100_000,
    "no JSON": "x",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS)
def test_damage_of_any_kind_is_refused_by_every_sort(content: Any, sort: Sort) -> None:
    with pytest.raises(BadCursor, match="Start again from the first page"):
        keyset_page(Account.objects.for_list(), sort, cursor(content))


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("name", "nu\0l"), ("name", "\ud800"), ("name", None),
        ("owner", "x"), ("owner", 1e400), ("id", "x"), ("id", None),
        ("mrr", "NaN"), ("mrr", "Infinity"), ("mrr", "1e999999"), ("mrr", "many"), ("mrr", "1e-999999"),
        ("renewal", "soon"), ("renewal", 5), ("renewal", "2026-02-30"), ("renewal", True),
        ("created", "2026-06-01T12:00:00"), ("created", "2026-06-01"), ("created", "2026-13-01T00:00:00Z"),
        ("created", 5), ("silence", "x\0"),
    ],
)  # fmt: skip
def test_a_value_that_the_column_cannot_have_is_refused(sort: str, value: Any) -> None:
    with pytest.raises(BadCursor):
        list(keyset_page(Account.objects.for_list(), SORTS[sort], cursor([value, 1])).rows)


def test_numbers_beyond_all_rows_are_an_empty_page() -> None:
    factories.account()
    for value in (2**63, -(2**63) - 1):
        keyset_page(Account.objects.for_list(), SORTS["key"], cursor([value, value]))
    assert keyset_page(Account.objects.for_list(), SORTS["id"], cursor([-(2**70), 1])).rows == []


def walked(sort: Sort, size: int) -> list[str]:
    rows, after, seen = Account.objects.for_list(), None, []
    while True:
        page = keyset_page(rows, sort, after, size)
        seen += [row.name for row in page.rows]
        after = page.next
        if after is None:
            return seen


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_groups_stand_in_their_own_order_and_those_without_one_last(
    size: int, mira: User, sam: User, ada: User
) -> None:
    """Ada, Mira, Sam by name, whatever their ids are; Mira has nobody, and some have nobody."""
    for name, owner in [("a", sam), ("b", None), ("c", ada), ("d", sam), ("e", ada), ("f", None), ("g", ada)]:
        factories.account(name, owner=owner)
    assert walked(SORTS["owner"], size) == ["c", "e", "g", "a", "d", "b", "f"]


def test_a_group_that_is_gone_begins_the_list_again(mira: User) -> None:
    factories.account(owner=mira)
    with pytest.raises(BadCursor, match="no longer there"):
        keyset_page(Account.objects.for_list(), SORTS["owner"], cursor([mira.pk + 1000, 1]))


@pytest.mark.parametrize(
    ("sort", "value"),
    [("name", "m"), ("mrr", "5"), ("renewal", "2026-06-01"), ("created", "2026-06-01T00:00:00Z"), ("key", 3)],
)
def test_a_deep_page_begins_in_the_index_where_the_one_before_ended(sort: str, value: Any) -> None:
    """Not at its beginning: the edge is a condition on the index, not a filter over what it yields."""
    with connection.cursor() as database, CaptureQueriesContext(connection) as queries:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            database.execute(f"SET LOCAL enable_{way} = off")
        keyset_page(Account.objects.all().annotate(name_key=Lower("name")), SORTS[sort], cursor([value, 1]))
        query = next(query["sql"] for query in queries if "SELECT" in query["sql"])
        database.execute("EXPLAIN " + query)
        plan = "\n".join(row[0] for row in database.fetchall())
    assert "Index Cond: (ROW(" in plan
    assert "Filter" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    "path", ["/accounts/", "/accounts/?sort=owner", "/accounts/?sort=-mrr", "/tasks/?section=week"]
)
@pytest.mark.parametrize("content", [["x\0", 1], [{}, 1], "[" * 2000])
def test_a_page_with_a_damaged_address_answers_400(client: Client, mira: User, path: str, content: Any) -> None:
    client.force_login(mira)
    address = f"{path}{'&' if '?' in path else '?'}cursor={cursor(content)}"
    assert client.get(address).status_code == 400
