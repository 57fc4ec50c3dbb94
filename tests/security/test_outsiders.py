"""Somebody confined to their own customers, and a token that may less (T17): numbers in bodies, filters, searches.

The addresses themselves are asked in tests/architecture/test_access_matrix.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.accounts.models import Account, Contact
from crm.team.models import ApiToken, User
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from tests import factories
from tests.architecture.access import ROWS, SECRET, World
from tests.architecture.test_access_matrix import KNOWN, fingerprint

DUE = "2026-06-02T09:00:00Z"


@pytest.fixture
def world(mira: User) -> World:
    return World(mira)


@pytest.fixture
def mine(olaf: User) -> Account:
    """A customer that Olaf may see."""
    return factories.account("Olaf’s own", owner=olaf)


def api_writes() -> list[tuple[str, str]]:
    return [
        (name, method)
        for name in KNOWN
        if name.startswith("api-") and not ROWS[name].public
        for method in ROWS[name].methods.split()
        if method != "GET"
    ]


def test_a_token_for_reading_writes_nowhere(world: World, ada: User, calling: Any) -> None:
    program = calling(ada, "read")
    assert program.get("/api/v1/accounts/").status_code == 200
    before = fingerprint()
    for name, method in api_writes():
        answer = program.generic(method, reverse(name, kwargs=ROWS[name].at(world)), b"{}", "application/json")
        assert (name, answer.status_code) == (name, 403)
    assert fingerprint() == before


@pytest.mark.parametrize("end", ["left", "revoked"])
def test_a_dead_token_reads_nowhere(world: World, ada: User, calling: Any, end: str) -> None:
    program = calling(ada)
    assert program.get("/api/v1/accounts/").status_code == 200
    if end == "left":
        User.objects.filter(pk=ada.pk).update(is_active=False)
    else:
        ApiToken.objects.update(revoked_at="2026-06-01T12:00Z")
    before = fingerprint()
    for name in KNOWN:
        if name.startswith("api-") and not ROWS[name].public:
            url = reverse(name, kwargs=ROWS[name].at(world))
            assert {program.generic(m, url, b"{}", "application/json").status_code for m in ("GET", "POST", "PUT")} == {
                401
            }
    assert fingerprint() == before


def test_numbers_in_bodies_reach_no_foreign_row(world: World, mine: Account, olaf: User, calling: Any) -> None:
    program = calling(olaf)
    own = factories.contact(mine, first_name="Own")
    task = Task.objects.create(title="Own", account=mine, owner=olaf, due_at=DUE)
    program.get("/api/v1/accounts/")
    before = fingerprint()
    theirs, person = world.account.pk, world.contact.pk
    asked = [
        ("POST", "contacts/", {"account": theirs, "first_name": "X"}),
        ("PATCH", f"contacts/{own.pk}/", {"account": theirs}),
        ("POST", "entries/", {"account": theirs, "kind": "note.added", "text": "x"}),
        ("POST", "entries/", {"account": mine.pk, "contact": person, "kind": "note.added", "text": "x"}),
        ("POST", "contracts/", {"account": theirs, "plan": "x", "currency": "EUR"}),
        ("POST", "tasks/", {"title": "x", "due_at": DUE, "account": theirs}),
        ("POST", "tasks/", {"title": "x", "due_at": DUE, "account": mine.pk, "contact": person}),
        ("PATCH", f"tasks/{task.pk}/", {"account": theirs}),
        ("PATCH", f"tasks/{task.pk}/", {"contact": person}),
    ]
    for method, path, body in asked:
        answer = program.generic(method, f"/api/v1/{path}", json.dumps(body), "application/json")
        assert answer.status_code == 400, f"{method} {path} {body}: {answer.status_code}"
        assert SECRET not in answer.content.decode()
    assert fingerprint() == before


def test_forms_reach_no_foreign_row(world: World, mine: Account, olaf: User, signed_in: Any) -> None:
    browser = signed_in(olaf)
    before = Contact.objects.count(), Task.objects.count(), TimelineEntry.objects.count()
    answers = [
        browser.post("/tasks/new/", {"title": "x", "customer": SECRET, "due_on": "2026-06-02"}),
        browser.post(
            "/tasks/new/", {"title": "x", "customer": f"{SECRET} #{world.account.pk}", "due_on": "2026-06-02"}
        ),
        browser.post(f"/accounts/{mine.pk}/entries/", {"kind": "note", "text": "x", "contact": world.contact.pk}),
        browser.post(f"/accounts/{mine.pk}/contacts/{world.contact.pk}/", {"first_name": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 404]
    taken = browser.post(f"/accounts/{mine.pk}/contacts/", {"first_name": "x", "email": world.contact.email})
    assert taken.status_code == 422
    assert SECRET not in taken.content.decode()
    assert before == (Contact.objects.count(), Task.objects.count(), TimelineEntry.objects.count())


def test_questions_find_no_foreign_row(world: World, mine: Account, olaf: User, calling: Any, signed_in: Any) -> None:
    program, browser = calling(olaf), signed_in(olaf)
    word = json.dumps({"field": "name", "op": "contains", "value": "Verborgen"})
    asked = [
        f"accounts/?external_id={SECRET}",
        f"accounts/?email={world.contact.email}",
        f"accounts/?filter={word}",
        f"contacts/?account={world.account.pk}",
        f"contacts/?email={world.contact.email}",
        "tasks/?owner=mira@example.com",
        f"tasks/?account={world.account.pk}",
        f"entries/?account={world.account.pk}",
        f"entries/?contact={world.contact.pk}",
        f"contracts/?account={world.account.pk}",
    ]
    for path in asked:
        answer = program.get(f"/api/v1/{path}")
        assert (path, answer.status_code, answer.json()["results"]) == (path, 200, [])
    pages = [
        "/accounts/?q=Verborgen",
        f"/accounts/?owner={world.mira.pk}",
        "/accounts/?sort=mrr",
        "/accounts/?sort=renewal",
        "/tasks/?tab=team",
        "/tasks/customers/?customer=Ver",
        f"/tasks/new/?account={world.account.pk}",
        "/live/?after=0",
        "/mail/",
        "/mail/?tab=sent",
        f"/workflows/{world.workflow.slug}/?tab=people",
        f"/workflows/{world.workflow.slug}/?tab=mail",
    ]
    for path in pages:
        answer = browser.get(path)
        assert (path, answer.status_code) == (path, 200) or path.startswith("/live")
        shown = answer.content.decode().replace('value="Verborgen"', "").replace("“Verborgen”", "")
        assert SECRET not in shown, path


def test_page_and_token_show_the_same(world: World, mine: Account, olaf: User, calling: Any, signed_in: Any) -> None:
    factories.account("Nobody’s", owner=None)
    told = {row["name"] for row in calling(olaf).get("/api/v1/accounts/").json()["results"]}
    assert told == {"Olaf’s own", "Nobody’s"}
    page = signed_in(olaf).get("/accounts/").content.decode()
    assert all(name in page for name in told)
    assert SECRET not in page


def test_a_session_is_no_key_to_the_api_and_a_token_none_to_pages(ada: User, calling: Any, signed_in: Any) -> None:
    assert signed_in(ada).get("/api/v1/accounts/").status_code == 401
    assert calling(ada).get("/accounts/").status_code == 302
    assert Client().get("/api/v1/accounts/?token=hf_x&access_token=hf_x").status_code == 401
