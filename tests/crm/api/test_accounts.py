"""Accounts and contacts in the API."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from crm.accounts.models import Account, Contact
from crm.timeline.models import TimelineEntry
from tests import factories

ACCOUNTS, CONTACTS = "/api/v1/accounts/", "/api/v1/contacts/"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_an_account_is_made_read_and_changed(api: Any, mira: Any) -> None:
    sent = {
        "name": "Nordwind", "external_id": "N1", "kind": "company", "country": "de", "timezone": "Europe/Berlin",
        "owner": "MIRA@example.com", "tags": ["vip", "vip", "beta"], "signed_up_on": "2026-05-01",
        "lifetime_spend": "12.5",
    }  # fmt: skip
    made = api.post(ACCOUNTS, sent)
    assert made.status_code == 201, made.content
    body = made.json()
    assert made["Location"] == f"http://testserver{ACCOUNTS}{body['id']}/"
    assert (body["country"], body["owner"], body["tags"]) == ("DE", "mira@example.com", ["vip", "beta"])
    assert (body["lifetime_spend"], body["mrr"], body["lifecycle"]) == ("12.50", "0.00", "lead")
    assert body["created_at"] == "2026-06-01T12:00:00Z"
    assert body.pop("possible_duplicates") == []
    read = api.get(made["Location"])
    assert (read.json(), read["ETag"]) == (body, made["ETag"])
    changed = api.patch(made["Location"], {"name": "Nordwind AG", "owner": None})
    assert (changed.status_code, changed.json()["name"], changed.json()["owner"]) == (200, "Nordwind AG", None)
    row = Account.objects.get()
    assert (row.name, row.owner, row.tags, row.signed_up_on) == ("Nordwind AG", None, ["vip", "beta"], date(2026, 5, 1))


def test_what_was_read_can_be_put_back(api: Any) -> None:
    url = f"{ACCOUNTS}{factories.account(mrr=5, risk=3).pk}/"
    body = api.get(url).json()
    answer = api.put(url, body | {"name": "Renamed"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Renamed")
    refused = api.put(url, body | {"mrr": "6.00"})
    assert (refused.status_code, refused.json()["errors"]) == (400, {"mrr": ["This cannot be set."]})


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "X", "mrr": 5}, "mrr"),
        ({"name": "X", "nmae": "Y"}, "nmae"),
        ({"name": "X", "country": "DEU"}, "country"),
        ({"name": "X", "country": "1A"}, "country"),
        ({"name": "X", "timezone": "Berlin"}, "timezone"),
        ({"name": "X", "owner": "nobody@example.com"}, "owner"),
        ({"name": "X", "owner": ["a"]}, "owner"),
        ({"name": "X", "tags": "vip"}, "tags"),
        ({"name": "X", "tags": [{}]}, "tags"),
        ({"name": "X", "tags": ["t"] * 51}, "tags"),
        ({"name": "X", "lifetime_spend": -1}, "lifetime_spend"),
        ({"name": "X", "lifetime_spend": "NaN"}, "lifetime_spend"),
        ({"name": "X", "lifetime_spend": 10**400}, "lifetime_spend"),
        ({"name": "X", "signed_up_on": "0001-01-01"}, "signed_up_on"),
        ({"name": "X", "signed_up_on": 20260101}, "signed_up_on"),
        ({"name": "X", "kind": ["company"]}, "kind"),
    ],
)
def test_refusals_name_the_field(api: Any, sent: dict[str, Any], field: str) -> None:
    answer = api.post(ACCOUNTS, sent)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Account.objects.exists()


def test_an_external_id_is_taken_once(api: Any) -> None:
    factories.account("First", external_id="E")
    answer = api.post(ACCOUNTS, {"name": "Second", "external_id": "E"})
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "urn:holdfast:problem:conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "external_id: Another account has this external id.",
        "errors": {"external_id": ["Another account has this external id."]},
    }
    assert Account.objects.count() == 1


def test_search_and_filter(api: Any) -> None:
    factories.contact(factories.account("A", external_id="a", mrr=500), email="anna@a.example")
    factories.account("B", external_id="b", mrr=1)
    assert names(api.get(ACCOUNTS)) == ["B", "A"]
    assert names(api.get(ACCOUNTS, {"external_id": "a"})) == ["A"]
    assert names(api.get(ACCOUNTS, {"email": "ANNA@a.example"})) == ["A"]
    tree = json.dumps({"field": "mrr", "op": "<", "value": 500})
    assert names(api.get(ACCOUNTS, {"filter": tree})) == ["B"]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("{", "filter: is not JSON"),
        ("[" * 100_000, "filter: is not JSON"),
        ("1" * 5000, "filter: is not JSON"),
        ('{"all": [{"field": "mrr", "op": ">", "value": "abc"}]}', "all[0].value: must be a number, not “abc”"),
        ('{"field": "mrr", "op": ">", "value": NaN}', "value: must be a number, not nan"),
        ('{"field": "name", "op": "is", "value": "\\u0000"}', "value: holds a character that no text can have"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_place(api: Any, tree: str, message: str) -> None:
    answer = api.get(ACCOUNTS, {"filter": tree})
    assert (answer.status_code, answer.json()["errors"]) == (400, {"filter": [message]})


def test_pages(api: Any, django_assert_num_queries: Any) -> None:
    for number in range(5):
        factories.account(f"A{number}")
    first = api.get(ACCOUNTS, {"limit": 2})
    assert names(first) == ["A4", "A3"]
    second = api.get(first.json()["next"])
    assert names(second) == ["A2", "A1"]
    assert names(api.get(second.json()["next"])) == ["A0"]
    assert names(api.get(second.json()["previous"])) == ["A4", "A3"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=²", "page=2", "external_id=%00", "a%00=b"])
def test_wrong_parameters_are_refused(api: Any, query: str) -> None:
    assert api.get(f"{ACCOUNTS}?{query}").status_code == 400


@pytest.mark.parametrize("cursor", ["x", "%00", "cD1hYmM=", "cD0xJTI3", "cD0" + "5" * 60, "é"])
def test_a_damaged_cursor_is_refused(api: Any, cursor: str) -> None:
    assert api.get(f"{ACCOUNTS}?cursor={cursor}").status_code in (400, 404)


def test_queries_do_not_grow_with_rows(api: Any, mira: Any, django_assert_num_queries: Any) -> None:
    api.get(ACCOUNTS)
    for _ in range(3):
        factories.contact(factories.account(owner=mira))
    for url in (ACCOUNTS, CONTACTS):
        with django_assert_num_queries(3):  # token, the page, which fields admins have made
            assert len(api.get(url).json()["results"]) == 3


def test_foreign_rows_do_not_exist(calling: Any, olaf: Any, mira: Any) -> None:
    api = calling(olaf)
    foreign = factories.account("Foreign", owner=mira, external_id="F")
    person = factories.contact(foreign, email="p@foreign.example")
    unowned = factories.account("Unowned")
    assert names(api.get(ACCOUNTS)) == ["Unowned"]
    assert names(api.get(ACCOUNTS, {"external_id": "F"})) == []
    nothing = api.get(f"{ACCOUNTS}999999999/")
    for url in (f"{ACCOUNTS}{foreign.pk}/", f"{CONTACTS}{person.pk}/"):
        for method in (api.get, api.put, api.patch):
            assert (method(url).status_code, method(url).json()) == (404, nothing.json())
    refused = api.post(CONTACTS, {"account": foreign.pk, "first_name": "X"})
    absent = api.post(CONTACTS, {"account": 999999999, "first_name": "X"})
    assert (refused.status_code, absent.status_code) == (400, 400)
    assert refused.json()["detail"].replace(str(foreign.pk), "999999999") == absent.json()["detail"]
    assert Contact.objects.count() == 1
    assert api.post(CONTACTS, {"account": unowned.pk, "first_name": "X"}).status_code == 201


def test_a_contact_is_made_found_and_becomes_primary(api: Any) -> None:
    account = factories.account()
    first = factories.contact(account)
    made = api.post(CONTACTS, {"account": account.pk, "email": "Bea@Customer.Example", "is_primary": True})
    assert (made.status_code, made.json()["email"]) == (201, "bea@customer.example")
    first.refresh_from_db()
    assert not first.is_primary
    found = api.get(CONTACTS, {"email": "BEA@customer.example", "account": account.pk}).json()["results"]
    assert [row["id"] for row in found] == [made.json()["id"]]
    assert api.patch(f"{CONTACTS}{first.pk}/", {"is_primary": True}).json()["is_primary"]
    taken = api.post(CONTACTS, {"account": account.pk, "email": "bea@customer.example"})
    assert (taken.status_code, list(taken.json()["errors"])) == (409, ["email"])


@pytest.mark.parametrize("account", [10**30, -1, 0, True, "x", None, [], 1.5, "1\u0661"])
def test_strange_ids_are_refused(api: Any, account: Any) -> None:
    answer = api.post(CONTACTS, {"account": account, "first_name": "X"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["account"])


def test_the_timeline_tells_what_came_in_and_who_may_be_written_to(api: Any, mira: Any) -> None:
    account = api.post(ACCOUNTS, {"name": "Nordwind"}).json()
    person = api.post(CONTACTS, {"account": account["id"], "first_name": "Bea", "email_consent": "yes"}).json()
    for consent in ("yes", "no"):
        assert api.patch(f"{CONTACTS}{person['id']}/", {"email_consent": consent}).status_code == 200
    told = TimelineEntry.objects.order_by("id").values_list("kind", "text", "contact", "actor", "source")
    assert list(told) == [
        ("account.added", "Nordwind was added", None, mira.pk, "automatic"),
        ("contact.added", "Bea was added", person["id"], mira.pk, "automatic"),
        ("contact.consent_changed", "Bea: consent to mail is now “Refused”", person["id"], mira.pk, "automatic"),
    ]


def test_a_contact_stays_at_its_account(api: Any) -> None:
    person, other = factories.contact(), factories.account()
    assert api.patch(f"{CONTACTS}{person.pk}/", {"account": other.pk}).status_code == 400
    person.refresh_from_db()
    assert person.account_id != other.pk


@pytest.mark.parametrize("path", ["1e3", "-1", "9" * 30, "%00", "0x1", "1/2"])
def test_strange_addresses_are_not_found(api: Any, path: str) -> None:
    answer = api.get(f"{ACCOUNTS}{path}/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_people_by_a_filter_about_them_and_their_account(api: Any) -> None:
    large = factories.contact(factories.account(mrr=900))
    factories.contact(factories.account(mrr=100))
    tree = '{"all":[{"field":"account.mrr","op":">","value":500},{"field":"has_email","op":"is","value":true}]}'
    assert [row["id"] for row in api.get(CONTACTS, {"filter": tree}).json()["results"]] == [large.pk]
    refused = api.get(CONTACTS, {"filter": '{"field":"mrr","op":">","value":500}'})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["filter"])
