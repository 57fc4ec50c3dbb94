"""The timeline in the API: recorded once, read by account, never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON

ENTRIES = "/api/v1/entries/"


def fact(account: Any, **more: Any) -> dict[str, Any]:
    return {"account": account.pk, "kind": "feature.activated", "text": "Turned on exports"} | more


def test_a_fact_is_recorded_and_makes_workflows_look(api: Any, mira: Any) -> None:
    person = factories.contact()
    answer = api.post(
        ENTRIES, fact(person.account, contact=person.pk, payload={"feature": "exports"}, channel="product")
    )
    assert answer.status_code == 201, answer.content
    entry = TimelineEntry.objects.get()
    assert answer.json() == {
        "id": entry.pk, "account": person.account_id, "contact": person.pk, "kind": "feature.activated",
        "occurred_at": "2026-06-01T12:00:00Z", "recorded_at": "2026-06-01T12:00:00Z", "source": "automatic",
        "actor": "mira@example.com", "channel": "product", "text": "Turned on exports",
        "payload": {"feature": "exports"},
    }  # fmt: skip
    assert Pending.objects.get().entry == entry
    assert api.get(answer["Location"]).json() == answer.json()


def test_history_makes_nobody_look(api: Any) -> None:
    answer = api.post(ENTRIES, fact(factories.account(), react=False, occurred_at="2020-01-01T01:00:00+01:00"))
    assert (answer.status_code, answer.json()["occurred_at"]) == (201, "2020-01-01T00:00:00Z")
    assert not Pending.objects.exists()


def test_a_key_makes_a_fact_once_for_its_account(api: Any) -> None:
    account, other = factories.account(), factories.account()
    first, second = api.post(ENTRIES, fact(account, key="k")), api.post(ENTRIES, fact(account, key="k", text="Again"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert api.post(ENTRIES, fact(other, key="k")).status_code == 201
    assert Pending.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "Feature"}, "kind"),
        ({"kind": "feature"}, "kind"),
        ({"text": ""}, "text"),
        ({"source": "magic"}, "source"),
        ({"payload": [1]}, "payload"),
        ({"occurred_at": (NOON + timedelta(microseconds=1)).isoformat()}, "occurred_at"),
        ({"occurred_at": "1899-12-31T23:59:59Z"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"recorded_at": "2026-06-01T12:00:00Z"}, "recorded_at"),
        ({"actor": "ada@example.com"}, "actor"),
        ({"key": "k" * 121}, "key"),
    ],
)
def test_refusals(api: Any, change: dict[str, Any], field: str) -> None:
    answer = api.post(ENTRIES, fact(factories.account(), **change))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not TimelineEntry.objects.exists()


def test_a_contact_of_another_account_is_refused(api: Any) -> None:
    answer = api.post(ENTRIES, fact(factories.account(), contact=factories.contact().pk))
    assert answer.json()["errors"] == {"contact": ["This contact belongs to another account."]}


def test_nothing_changes_an_entry(api: Any) -> None:
    (pk,) = record(Fact(factories.account().pk, "x.y", "Said"), now=NOON)
    for method in (api.put, api.patch, api.delete):
        assert method(f"{ENTRIES}{pk}/", {"text": "Unsaid"}).status_code == 405
    assert TimelineEntry.objects.get().text == "Said"


def test_pages_of_an_account_go_by_when_it_happened(api: Any) -> None:
    account = factories.account()
    moments = [NOON - timedelta(days=days) for days in (3, 1, 2, 1)]
    record([Fact(account.pk, "x.y", f"{n}", moment) for n, moment in enumerate(moments)], now=NOON)
    record(Fact(factories.account().pk, "x.z", "other"), now=NOON)
    seen, url = [], f"{ENTRIES}?account={account.pk}&limit=1"
    while url:
        page = api.get(url).json()
        seen += [row["text"] for row in page["results"]]
        url = page["next"]
    assert seen == ["3", "1", "2", "0"]
    assert [row["text"] for row in api.get(ENTRIES).json()["results"]] == ["other", "3", "2", "1", "0"]
    assert [row["text"] for row in api.get(ENTRIES, {"kind": "x.z"}).json()["results"]] == ["other"]


@pytest.mark.parametrize("query", ["account=x", "account=-1", "account=", "contact=" + "9" * 30, "kinds=x.y"])
def test_wrong_parameters(api: Any, query: str) -> None:
    assert api.get(f"{ENTRIES}?{query}").status_code == 400


def test_a_cursor_of_another_order_is_refused(api: Any) -> None:
    account = factories.account()
    record([Fact(account.pk, "x.y", f"{n}") for n in range(3)], now=NOON)
    by_id = api.get(f"{ENTRIES}?limit=1").json()["next"]
    by_time = api.get(f"{ENTRIES}?limit=1&account={account.pk}").json()["next"]
    assert api.get(f"{by_id}&account={account.pk}").status_code in (200, 404)
    assert api.get(by_time.replace(f"&account={account.pk}", "").replace(f"account={account.pk}&", "")).status_code in (
        200,
        404,
    )


def test_foreign_entries_do_not_exist(calling: Any, olaf: Any, mira: Any) -> None:
    foreign = factories.account(owner=mira)
    (pk,) = record(Fact(foreign.pk, "x.y", "Secret", key="api:k"), now=NOON)
    api = calling(olaf)
    assert api.get(f"{ENTRIES}{pk}/").status_code == 404
    assert api.get(ENTRIES).json()["results"] == []
    assert api.get(ENTRIES, {"account": foreign.pk}).json()["results"] == []
    assert api.post(ENTRIES, fact(foreign)).status_code == 400
    assert TimelineEntry.objects.count() == 1


def test_queries_do_not_grow(api: Any, mira: Any, django_assert_num_queries: Any) -> None:
    api.get(ENTRIES)
    for _ in range(3):
        person = factories.contact()
        record(Fact(person.account_id, "x.y", "z", contact_id=person.pk, actor_id=mira.pk), now=NOON)
    with django_assert_num_queries(2):
        assert len(api.get(ENTRIES).json()["results"]) == 3
