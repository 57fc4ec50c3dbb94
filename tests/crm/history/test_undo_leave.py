"""Who may take an act back, until when, how often, and what the room that did it has to say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.accounts.models import Account, AccountChange
from crm.history import rules
from crm.history.actions import UndoError, can_undo, undo
from crm.history.models import Act
from crm.history.undoing import Kept, Undone, undoers
from tests import factories
from tests.conftest import NOON
from tests.crm.history.deeds import change

pytestmark = pytest.mark.django_db


def test_only_whoever_did_it_or_an_admin(mira, sam, ada):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    with pytest.raises(UndoError, match="Only the person who did this, or an admin"):
        undo(deed, sam, NOON)
    assert Account.objects.get().domain == "b.example"
    assert Act.objects.get().undone_at is None
    assert [can_undo(deed, who, NOON) for who in (mira, sam, ada)] == [True, False, True]
    mira.is_active = False
    assert not can_undo(deed, mira, NOON)
    undo(deed, ada, NOON)
    assert Account.objects.get().domain == "a.example"


def test_thirty_days_and_no_tick_longer(mira):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    late = NOON + timedelta(days=rules.UNDO_DAYS)
    with pytest.raises(UndoError, match="more than 30 days ago"):
        undo(deed, mira, late)
    assert Account.objects.get().domain == "b.example"
    undo(deed, mira, late - timedelta(microseconds=1))
    assert Account.objects.get().domain == "a.example"


def test_nobody_undoes_it_twice(mira, ada):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    undo(deed, mira, NOON)
    with pytest.raises(UndoError, match="Mira has undone this already"):
        undo(Act.objects.get(pk=deed.pk), ada, NOON)
    assert Act.objects.filter(kind="undo").count() == 1


def test_a_room_undoes_what_columns_cannot_tell(mira):
    kelp = factories.account("Kelp", domain="a.example")
    asked = []

    def undoer(deed, by, now):
        asked.append((deed.kind, by, Account.objects.get().domain))
        Account.objects.update(goal="back")
        return Undone(2, [Kept("Task", "", None, "", None, "it is done already")])

    deed = change("room.did", mira, Account.objects.all(), domain="b.example")
    with undoers.temporarily("room.did", undoer):
        undone = undo(deed, mira, NOON)
        undoing = Act.objects.latest("pk")
        with pytest.raises(UndoError, match="do it again"):
            undo(undoing, mira, NOON)
        with undoers.temporarily("redo.room.did", undoer):
            undo(undoing, mira, NOON)
    assert (undone.reverted, [one.record for one in undone.kept]) == (3, ["Task"])
    assert asked == [("room.did", mira, "a.example"), ("room.did", mira, "b.example")]
    assert AccountChange.objects.filter(act=undoing, pgh_obj=kelp.pk).count() == 2  # the domain, then the room's goal


def test_an_undoer_that_refuses_takes_everything_with_it(mira):
    factories.account("Kelp", domain="a.example")
    deed = change("room.did", mira, Account.objects.all(), domain="b.example")

    def undoer(deed, by, now):
        raise UndoError("Not any more.")

    with undoers.temporarily("room.did", undoer), pytest.raises(UndoError, match="Not any more"):
        undo(deed, mira, NOON)
    assert Account.objects.get().domain == "b.example"
    assert Act.objects.get().undone_at is None
