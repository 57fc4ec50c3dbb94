"""Calls, meetings and notes that people log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task
from tests import factories
from tests.conftest import NOON
from tests.crm.touches.conftest import HTMX, log

# Logging


def test_a_call_with_its_length_and_how_it_ended(web: Client, kelp: Account, jonas: Contact, mira: User) -> None:
    answer = log(web, kelp, contact=jonas.pk, minutes=14, outcome="call_back")

    assert answer["Location"] == f"/accounts/{kelp.pk}/"
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.text, entry.source, entry.channel) == (
        "call.logged", "Called Jonas Weber · 14 min · asked to call back", "person", "phone",
    )  # fmt: skip
    assert (entry.contact, entry.actor, entry.occurred_at) == (jonas, mira, NOON)
    assert entry.payload == {"note": "Exports time out.", "minutes": 14, "outcome": "call_back"}
    assert Pending.objects.get().entry == entry  # workflows may react
    assert not Task.objects.exists()
    assert "Call logged." in web.get(f"/accounts/{kelp.pk}/").content.decode()


@pytest.mark.parametrize(
    ("kind", "entry_kind", "line"),
    [
        ("meeting", "meeting.logged", "Met Jonas Weber · 30 min"),
        ("interview", "interview.logged", "Interviewed Jonas Weber · 30 min"),
        ("note", "note.written", "Note about Jonas Weber"),
    ],
)
def test_other_touches(web: Client, kelp: Account, jonas: Contact, kind: str, entry_kind: str, line: str) -> None:
    log(web, kelp, kind=kind, contact=jonas.pk, minutes=30, outcome="voicemail")

    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.text, entry.channel) == (entry_kind, line, "")
    assert "outcome" not in entry.payload


def test_when_is_on_the_viewers_clock(web: Client, kelp: Account) -> None:
    log(web, kelp, occurred_at="2026-06-01T10:30")

    assert TimelineEntry.objects.get().occurred_at == datetime(2026, 6, 1, 8, 30, tzinfo=UTC)  # Mira is in Berlin


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"text": ""}, "Fill this in."),
        ({"kind": "party"}, "“party” is not in the list"),
        ({"minutes": 0}, "Write 1 or more."),
        ({"occurred_at": "2026-06-01T14:06"}, "That is still to come."),
        ({"contact": 0}, "Choose one of the list."),
        ({"outcome": "fine"}, "“fine” is not in the list"),
        ({"then": "never"}, "“never” is not in the list"),
    ],
)
def test_what_cannot_be_logged(web: Client, kelp: Account, data: dict[str, object], error: str) -> None:
    answer = log(web, kelp, **data)

    assert answer.status_code == 422
    assert error in answer.content.decode()
    assert not TimelineEntry.objects.exists()
    assert not Task.objects.exists()


def test_people_of_another_account_cannot_be_named(web: Client, kelp: Account) -> None:
    assert log(web, kelp, contact=factories.contact().pk).status_code == 422
    assert not TimelineEntry.objects.exists()


def test_a_foreign_customer_is_not_there(client: Client, kelp: Account, olaf: User) -> None:
    client.force_login(olaf)

    assert log(client, kelp).status_code == 404
    assert client.get(f"/accounts/{kelp.pk}/plan/").status_code == 404
    assert not TimelineEntry.objects.exists()


def test_the_dialog_is_with_the_primary_contact(web: Client, kelp: Account, jonas: Contact) -> None:
    page = web.get(f"/accounts/{kelp.pk}/entries/", headers=HTMX).content.decode()

    assert f'<option value="{jonas.pk}" selected>Jonas Weber</option>' in page
    assert "<html" not in page
    assert 'hx-post="/accounts/' in page


def test_from_a_dialog_the_page_is_loaded_again(web: Client, kelp: Account) -> None:
    answer = web.post(f"/accounts/{kelp.pk}/entries/", {"kind": "note", "text": "x"}, headers=HTMX)

    assert (answer.status_code, answer["HX-Redirect"]) == (200, f"/accounts/{kelp.pk}/")
