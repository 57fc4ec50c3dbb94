"""Logging, planning, and changing what one wrote: dialogs of a customer's page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import Notification
from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task
from crm.touches import rules
from tests import factories
from tests.conftest import NOON

HTMX = {"HX-Request": "true"}


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


@pytest.fixture
def kelp(mira: User) -> Account:
    return factories.account("Kelp & Co", owner=mira, timezone="Europe/Lisbon")


@pytest.fixture
def jonas(kelp: Account) -> Contact:
    return factories.contact(kelp, first_name="Jonas", last_name="Weber")


def log(web: Client, account: Account, **data: Any) -> Any:
    return web.post(f"/accounts/{account.pk}/entries/", {"kind": "call", "text": "Exports time out."} | data)


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
        ({"text": ""}, "This field is required."),
        ({"kind": "party"}, "party is not one of the available choices"),
        ({"minutes": 0}, "greater than or equal to 1"),
        ({"occurred_at": "2026-06-01T14:06"}, "That is still to come."),
        ({"contact": 0}, "Select a valid choice"),
        ({"outcome": "fine"}, "fine is not one of the available choices"),
        ({"then": "never"}, "never is not one of the available choices"),
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


# And then


@pytest.mark.parametrize(("then", "day"), [("tomorrow", 2), ("in three days", 4), ("in a week", 8)])
def test_a_follow_up_is_planned_with_the_call(
    web: Client, kelp: Account, jonas: Contact, mira: User, then: str, day: int
) -> None:
    log(web, kelp, contact=jonas.pk, then=then)

    task = Task.objects.get()
    assert (task.title, task.kind, task.owner, task.contact, task.account) == (
        "Call Jonas Weber", "call", mira, jonas, kelp,
    )  # fmt: skip
    assert task.due_at == datetime(2026, 6, day, 7, tzinfo=UTC)  # nine o'clock in Berlin
    assert task.created_by == mira


def test_a_follow_up_with_words_of_its_own(web: Client, kelp: Account) -> None:
    log(web, kelp, then="in a month", then_title="Send the offer")

    task = Task.objects.get()
    assert (task.title, task.kind, task.due_at.date()) == ("Send the offer", "follow_up", date(2026, 7, 1))


@pytest.mark.parametrize(
    ("choice", "today", "day"),
    [
        ("tomorrow", date(2026, 6, 4), date(2026, 6, 5)),
        ("tomorrow", date(2026, 6, 5), date(2026, 6, 8)),
        ("tomorrow", date(2026, 6, 6), date(2026, 6, 8)),
        ("in a week", date(2026, 6, 7), date(2026, 6, 15)),
    ],
)
def test_no_follow_up_falls_on_a_weekend(choice: str, today: date, day: date) -> None:
    assert rules.soon(choice, today) == day


# Mentions


def test_a_colleague_who_is_mentioned_is_told_once(web: Client, kelp: Account, sam: User, mira: User) -> None:
    log(web, kelp, kind="note", text="@Sam can you look? @Sam @Mira")

    told = Notification.objects.get()
    entry = TimelineEntry.objects.get()
    assert (told.user, told.kind, told.text) == (sam, "note.mention", "Mira mentioned you at Kelp & Co")
    assert told.url == f"/accounts/{kelp.pk}/#entry-{entry.pk}"
    assert entry.payload["mentions"] == ["Sam", "Mira"]


def test_who_may_not_see_the_customer_is_not_told(web: Client, kelp: Account, olaf: User) -> None:
    log(web, kelp, kind="note", text="@Olaf look")

    assert not Notification.objects.exists()
    assert "mentions" not in TimelineEntry.objects.get().payload


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Mira Okafor and @Mira", ["Mira Okafor", "Mira"]),
        ("mail@Mira", []),
        ("@Miranda", []),
        ("(@Mira)", ["Mira"]),
        ("@mira@example.com.", ["mira@example.com"]),
        ("nobody", []),
    ],
)
def test_whom_a_text_mentions(text: str, found: list[str]) -> None:
    assert rules.mentioned(text, ["Mira", "Mira Okafor", "mira@example.com", ""]) == found


def test_names_are_offered_behind_an_at(web: Client, sam: User, ada: User) -> None:
    page = web.get("/accounts/mentions/?mention=sa").content.decode()

    assert 'data-name="Sam"' in page
    assert "Ada" not in page


def test_namesakes_are_offered_by_e_mail(web: Client, sam: User) -> None:
    User.objects.create_user("sam.two@example.com", "correct horse", name="Sam", role="agent")

    page = web.get("/accounts/mentions/?mention=sam").content.decode()

    assert 'data-name="sam@example.com"' in page
    assert 'data-name="sam.two@example.com"' in page


# One's own notes


@pytest.fixture
def own(web: Client, kelp: Account) -> TimelineEntry:
    log(web, kelp, kind="note", text="First words")
    return TimelineEntry.objects.get()


def test_a_note_is_changed_by_its_writer_and_the_change_undone(
    web: Client, kelp: Account, own: TimelineEntry, mira: User, sam: User
) -> None:
    web.post(f"/accounts/{kelp.pk}/entries/{own.pk}/", {"text": "Better words, @Sam"})

    own.refresh_from_db()
    assert (own.payload["note"], own.payload["edited_at"]) == ("Better words, @Sam", NOON.isoformat())
    assert Notification.objects.get().user == sam
    page = web.get(f"/accounts/{kelp.pk}/").content.decode()
    assert "by you, edited" in page
    assert "The note is changed." in page

    assert undo(Act.objects.get(kind="note.edited"), mira, NOON).reverted == 1

    own.refresh_from_db()
    assert own.payload == {"note": "First words"}


def test_the_undo_of_a_change_keeps_what_was_written_since(
    web: Client, kelp: Account, own: TimelineEntry, mira: User
) -> None:
    web.post(f"/accounts/{kelp.pk}/entries/{own.pk}/", {"text": "Second"})
    web.post(f"/accounts/{kelp.pk}/entries/{own.pk}/", {"text": "Third"})

    undone = undo(Act.objects.filter(kind="note.edited").earliest("pk"), mira, NOON)

    own.refresh_from_db()
    assert own.payload["note"] == "Third"
    assert [kept.because for kept in undone.kept] == ["it was changed again since"]


def test_a_note_is_deleted_and_comes_back_as_it_was(web: Client, kelp: Account, own: TimelineEntry, mira: User) -> None:
    before = TimelineEntry.objects.filter(pk=own.pk).values().get()

    web.post(f"/accounts/{kelp.pk}/entries/{own.pk}/deletion/")

    assert not TimelineEntry.objects.exists()
    assert "First words" not in web.get(f"/accounts/{kelp.pk}/").content.decode()
    assert undo(Act.objects.get(kind="note.deleted"), mira, NOON).reverted == 1
    assert TimelineEntry.objects.filter(pk=own.pk).values().get() == before


def test_a_note_whose_person_is_gone_comes_back_without_them(
    web: Client, kelp: Account, jonas: Contact, mira: User
) -> None:
    log(web, kelp, kind="note", contact=jonas.pk)
    own = TimelineEntry.objects.get()
    web.post(f"/accounts/{kelp.pk}/entries/{own.pk}/deletion/")
    jonas.delete()

    undo(Act.objects.get(kind="note.deleted"), mira, NOON)

    assert TimelineEntry.objects.get(pk=own.pk).contact is None


def test_nobody_changes_anothers_note_nor_anything_else(
    client: Client, web: Client, kelp: Account, own: TimelineEntry, sam: User
) -> None:
    log(web, kelp)
    call = TimelineEntry.objects.get(kind="call.logged")
    assert web.post(f"/accounts/{kelp.pk}/entries/{call.pk}/", {"text": "x"}).status_code == 404
    assert web.post(f"/accounts/{kelp.pk}/entries/{call.pk}/deletion/").status_code == 404
    other = Client()
    other.force_login(sam)
    for address in ("", "deletion/"):
        assert other.post(f"/accounts/{kelp.pk}/entries/{own.pk}/{address}", {"text": "x"}).status_code == 404
    assert "Change</a>" not in other.get(f"/accounts/{kelp.pk}/").content.decode()
    assert TimelineEntry.objects.count() == 2
    own.refresh_from_db()
    assert own.payload == {"note": "First words"}


def test_the_same_words_change_nothing(web: Client, kelp: Account, own: TimelineEntry) -> None:
    web.post(f"/accounts/{kelp.pk}/entries/{own.pk}/", {"text": "First words"})

    own.refresh_from_db()
    assert own.payload == {"note": "First words"}
    assert not Act.objects.filter(kind="note.edited").exists()


# Planning


def plan(web: Client, account: Account, **data: Any) -> Any:
    first = {"kind": "call", "day": "2026-06-03", "at": "10:00", "whose": "mine"}
    return web.post(f"/accounts/{account.pk}/plan/", first | data)


@pytest.mark.parametrize(("whose", "hour"), [("mine", 8), ("theirs", 9)])
def test_a_call_is_planned_on_either_clock(
    web: Client, kelp: Account, jonas: Contact, mira: User, whose: str, hour: int
) -> None:
    answer = plan(web, kelp, contact=jonas.pk, whose=whose, body="About seats")

    task = Task.objects.get()
    assert answer.status_code == 302
    assert (task.kind, task.title, task.body, task.owner) == ("call", "Call Jonas Weber", "About seats", mira)
    assert task.due_at == datetime(2026, 6, 3, hour, tzinfo=UTC)


def test_a_persons_own_clock_comes_before_the_customers(web: Client, kelp: Account, jonas: Contact) -> None:
    Contact.objects.filter(pk=jonas.pk).update(timezone="America/New_York")

    plan(web, kelp, contact=jonas.pk, whose="theirs")

    assert Task.objects.get().due_at == datetime(2026, 6, 3, 14, tzinfo=UTC)


def test_both_clocks_are_shown_while_one_chooses(web: Client, kelp: Account) -> None:
    asked = "?part=clocks&kind=call&day=2026-06-03&at=10:00&whose=mine"

    page = web.get(f"/accounts/{kelp.pk}/plan/{asked}", headers=HTMX).content.decode()

    assert "Wed 3 Jun 2026, 10:00 in Berlin" in page
    assert "Wed 3 Jun 2026, 09:00 in Lisbon" in page
    assert not Task.objects.exists()


def test_one_clock_is_enough_where_both_show_the_same() -> None:
    berlin, rome, lisbon = (ZoneInfo(f"Europe/{city}") for city in ("Berlin", "Rome", "Lisbon"))

    assert [whose for whose, _ in rules.two_clocks(NOON, berlin, rome)] == ["you"]
    assert [whose for whose, _ in rules.two_clocks(NOON, berlin, lisbon)] == ["you", "them"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"day": "2026-06-01", "at": "14:00"}, 422),  # now, on Mira's clock
        ({"day": "2026-06-01", "at": "14:01"}, 302),
        ({"day": "", "at": "10:00"}, 422),
        ({"kind": "party"}, 422),
        ({"whose": "nobody's"}, 422),
    ],
)
def test_what_can_be_planned(web: Client, kelp: Account, data: dict[str, str], status: int) -> None:
    assert plan(web, kelp, **data).status_code == status
    assert Task.objects.count() == (status == 302)


def test_the_day_that_is_offered_is_a_working_day(web: Client, kelp: Account) -> None:
    page = web.get(f"/accounts/{kelp.pk}/plan/").content.decode()

    assert 'value="2026-06-02"' in page


def test_the_page_knows_its_dialogs(web: Client, kelp: Account) -> None:
    page = web.get(f"/accounts/{kelp.pk}/").content.decode()

    assert f'href="/accounts/{kelp.pk}/entries/" hx-get="/accounts/{kelp.pk}/entries/" hx-target="#dialog"' in page
    assert "<textarea" not in page
    assert 'hx-trigger="click, load"' not in page
    assert 'hx-trigger="click, load"' in web.get(f"/accounts/{kelp.pk}/?log=1").content.decode()
