"""One’s own notes: changed, deleted, and back again."""

from __future__ import annotations

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import Notification
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON
from tests.crm.touches.conftest import log

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
