"""The timeline of a customer's page: narrowed by kind, by who, with whom and by words, a keyset page at a time."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.team.models import User
from crm.timeline.actions import Fact, record
from tests import factories
from tests.conftest import NOON
from tests.crm.accounts.conftest import HTMX

TOLD = ["Called", "Met", "Asked", "Wrote", "Mailed", "Did", "Used", "Renewed", "Moved"]


@pytest.fixture
def told(kelp: Account, mira: User, sam: User) -> Account:
    """One entry of each group, and who did it."""
    anna = factories.contact(kelp, first_name="Anna", last_name="Meyer")
    kinds = ["call.logged", "meeting.logged", "interview.logged", "note.written", "email.sent", "task.done",
             "usage.first", "contract.renewed", "account.merged"]  # fmt: skip
    facts = [
        Fact(kelp.pk, kind, text, NOON - timedelta(minutes=n), source="person" if n < 4 else "automatic",
             actor_id=(mira if n < 2 else sam).pk if n < 4 else None, contact_id=anna.pk if n == 0 else None,
             payload={"note": "about Übergabe"} if n == 3 else {})
        for n, (kind, text) in enumerate(zip(kinds, TOLD, strict=True))
    ]  # fmt: skip
    record([*facts, Fact(kelp.pk, "email.received", "Answered", NOON, source="customer")])
    return kelp


def shown(web: Client, account: Account, query: str) -> list[str]:
    page = web.get(f"/accounts/{account.pk}/{query}", headers=HTMX).content.decode()
    return [text for text in [*TOLD, "Answered"] if re.search(rf"<span>{text}\b", page)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [*TOLD, "Answered"]),
        ("?show=calls", ["Called"]),
        ("?show=meetings", ["Met", "Asked"]),
        ("?show=notes", ["Wrote"]),
        ("?show=mail", ["Mailed", "Answered"]),
        ("?show=tasks", ["Did"]),
        ("?show=product", ["Used"]),
        ("?show=money", ["Renewed"]),
        ("?show=changes", ["Moved"]),
        ("?by=customer", ["Answered"]),
        ("?by=automatic", ["Mailed", "Did", "Used", "Renewed", "Moved"]),
        ("?words=called", ["Called"]),
        ("?words=%C3%BCBERGABE", ["Wrote"]),
        ("?words=%00", [*TOLD, "Answered"]),
        ("?show=calls&words=met", []),
    ],
)
def test_what_is_shown(web: Client, told: Account, query: str, found: list[str]) -> None:
    assert shown(web, told, query) == found


def test_by_a_colleague_and_with_a_person(web: Client, told: Account, mira: User, sam: User) -> None:
    anna = told.contacts.get()

    assert shown(web, told, f"?by={mira.pk}") == ["Called", "Met"]
    assert shown(web, told, f"?by={sam.pk}&show=notes") == ["Wrote"]
    assert shown(web, told, f"?with={anna.pk}") == ["Called"]
    page = web.get(f"/accounts/{told.pk}/?by={sam.pk}&with={anna.pk}").content.decode()
    assert "by Sam, with Anna Meyer" in page
    choices = web.get(f"/accounts/{told.pk}/narrowing/?by={sam.pk}", headers=HTMX).content.decode()
    assert f'<option value="{sam.pk}" selected>Sam</option>' in choices


@pytest.mark.parametrize("query", ["show=nonsense", "by=me", "by=1.5", "with=customer", "with=9999999999999999999999"])
def test_an_address_that_means_nothing(web: Client, told: Account, query: str) -> None:
    assert web.get(f"/accounts/{told.pk}/?{query}").status_code == 404
    assert web.get(f"/accounts/{told.pk}/?{query}", headers=HTMX).status_code == 404


def test_a_narrowed_timeline_goes_on_narrowed(web: Client, kelp: Account) -> None:
    record([Fact(kelp.pk, f"{'call' if n % 2 else 'note'}.logged", f"Entry {n:02}", NOON - timedelta(minutes=n))
            for n in range(60)])  # fmt: skip
    first = web.get(f"/accounts/{kelp.pk}/?show=calls").content.decode()
    assert re.findall(r"Entry (\d\d)", first) == [f"{n:02}" for n in range(1, 40, 2)]
    more = re.search(r'rel="next" href="([^"]+)"', first)
    assert more

    rest = web.get(more[1].replace("&amp;", "&"), headers=HTMX).content.decode()

    assert re.findall(r"Entry (\d\d)", rest) == [f"{n:02}" for n in range(41, 60, 2)]
    assert "<html" not in rest


@pytest.mark.parametrize("payload", [{"note": 5}, {"mentions": 5, "note": "x"}, {"why_url": 7}, {"file": "x"}])
def test_what_programs_write_breaks_no_page(web: Client, kelp: Account, payload: dict[str, object]) -> None:
    record(Fact(kelp.pk, "file.added", "Odd", payload=payload))

    assert web.get(f"/accounts/{kelp.pk}/").status_code == 200


def test_a_mention_stands_out_and_nothing_else_does(web: Client, kelp: Account) -> None:
    note = "@Sam <b>look</b>"
    record(Fact(kelp.pk, "note.written", "Note", payload={"note": note, "mentions": ["Sam"]}))

    page = web.get(f"/accounts/{kelp.pk}/").content.decode()

    assert '<b class="mention">@Sam</b> &lt;b&gt;look&lt;/b&gt;' in page
