"""Merges beside each other, and beside others at work on the same rows."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from crm.accounts.models import Account, Contact
from crm.duplicates import merging
from crm.duplicates.merging import locks
from crm.duplicates.models import Merge
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.beside import beside
from tests.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(mira: User) -> tuple[Account, Account]:
    return factories.account("Kelp & Co"), factories.account("Kelp Ltd")


def test_each_into_the_other(two, mira):
    one, other = two
    for account in two:
        record(Fact(account.pk, "note.written", "Hello"), now=NOON)
    gave = beside(
        lambda: merging.merge("account", one.pk, other.pk, {}, mira, NOON),
        lambda: merging.merge("account", other.pk, one.pk, {}, mira, NOON),
    )
    assert sorted(type(answer).__name__ for answer in gave) == ["Gone", "Merge"]
    kept = Account.objects.get()
    assert TimelineEntry.objects.filter(account=kept, kind="note.written").count() == 2
    assert Merge.objects.count() == 1


def test_a_chain_at_once(two, mira):
    one, other = two
    third = factories.account("Third")
    gave = beside(
        lambda: merging.merge("account", one.pk, other.pk, {}, mira, NOON),
        lambda: merging.merge("account", third.pk, one.pk, {}, mira, NOON),
    )
    names = {type(answer).__name__ for answer in gave}
    assert names <= {"Gone", "Merge"}
    assert "Merge" in names
    assert Account.objects.count() == 3 - sum(isinstance(answer, Merge) for answer in gave)


def test_what_is_written_meanwhile_comes_along_or_is_refused(two, mira):
    """Somebody notes things at the loser, again and again, while it is merged: nothing that was taken is lost."""
    one, other = two
    taken: list[int] = []

    def note() -> None:
        for n in range(40):
            taken.extend(record(Fact(other.pk, "note.written", f"Note {n}"), now=NOON))

    gave = beside(note, lambda: merging.merge("account", one.pk, other.pk, {}, mira, NOON))
    assert isinstance(gave[1], Merge)
    assert gave[0] is None or "foreign key" in str(gave[0])
    there = TimelineEntry.objects.filter(account=one, kind="note.written").values_list("pk", flat=True)
    assert set(there) == set(taken)


def test_an_engine_that_holds_a_row_is_waited_for(two, mira):
    """It holds a mail of the loser and adds an entry: in the other order both would wait for ever."""
    one, other = two
    person = factories.contact(other)
    draft = Draft(key="m", category="service", template_id=template("Hi", "Hi"), due_at=NOON, contact_id=person.pk)
    enqueue([draft], now=NOON)
    held = threading.Event()

    def engine() -> None:
        with transaction.atomic():
            OutboundMessage.objects.select_for_update().get(key="m")
            held.set()
            threading.Event().wait(0.5)
            record(Fact(other.pk, "note.written", "From the engine"), now=NOON)

    def merge() -> Merge:
        held.wait(10)
        return merging.merge("account", one.pk, other.pk, {}, mira, NOON)

    gave = beside(engine, merge)
    assert gave[0] is None
    assert isinstance(gave[1], Merge)
    assert TimelineEntry.objects.get(kind="note.written").account_id == one.pk
    assert OutboundMessage.objects.get().account_id == one.pk


def test_a_merge_waits_for_a_file_only_so_long(two, mira, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE_MS", 100)
    done = threading.Event()

    def importing() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm.imports'))")
            done.wait(10)

    def merge() -> Any:
        threading.Event().wait(0.2)
        try:
            return merging.merge("account", two[0].pk, two[1].pk, {}, mira, NOON)
        finally:
            done.set()

    gave = beside(importing, merge)
    assert isinstance(gave[1], merging.Busy)
    assert "Nothing was changed" in str(gave[1])
    assert Account.objects.count() == 2
    assert not Merge.objects.exists()


def test_mail_that_waits_leaves_once_for_whoever_they_have_become(two, mira):
    anna, double = factories.contact(two[0]), factories.contact(two[1])
    written = template("Hi", "Hi")
    keys = ["a", "b"]
    enqueue([Draft(key=key, category="service", template_id=written, due_at=NOON + timedelta(days=1), contact_id=pk)
             for key, pk in zip(keys, (anna.pk, double.pk), strict=True)], now=NOON)  # fmt: skip
    merging.merge("contact", anna.pk, double.pk, {"email": "keeper"}, mira, NOON)
    assert set(OutboundMessage.objects.values_list("key", "contact_id", "state")) == {
        ("a", anna.pk, "due"), ("b", anna.pk, "due"),
    }  # fmt: skip
    assert Contact.objects.get().pk == anna.pk
