"""Forgetting somebody while others are at work on the same rows."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from crm.accounts.models import Contact
from crm.duplicates.merging import locks
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.privacy.erasing import erase
from crm.team.models import User
from crm.timeline.actions import Fact, record
from tests import factories
from tests.conftest import NOON
from tests.crm.duplicates.test_races import beside

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(mira: User) -> Contact:
    return factories.contact(factories.account("Kelp & Co", owner=mira), first_name="Anna", last_name="Quxfeldt")


def test_an_engine_that_holds_a_row_is_waited_for(anna, ada):
    """It holds a mail to the person and adds an entry about them: neither waits for ever."""
    enqueue([Draft("m", "service", template("Hi", "Hi"), NOON, contact_id=anna.pk)], now=NOON)
    held = threading.Event()

    def engine() -> None:
        with transaction.atomic():
            OutboundMessage.objects.select_for_update().get(key="m")
            held.set()
            threading.Event().wait(0.5)
            record(Fact(anna.account_id, "note.written", "Met Anna Quxfeldt", contact_id=anna.pk), now=NOON)

    def forget() -> None:
        held.wait(10)
        erase(anna.pk, ada, NOON)

    assert beside(engine, forget) == [None, None]
    assert not Contact.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, contact_id FROM crm_timelineentry WHERE kind = 'note.written'")
        [(text, contact_id)] = cursor.fetchall()
    assert "Quxfeldt" not in text
    assert contact_id is None


def test_a_page_says_that_a_file_is_being_written(anna, ada, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE_MS", 100)
    client = Client()
    client.force_login(ada)
    asked, done = threading.Event(), threading.Event()

    def importing() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm.imports'))")
            asked.set()
            done.wait(10)

    def forget() -> tuple[int, str]:
        asked.wait(10)
        try:
            answer = client.post(reverse("privacy:erasure", args=[anna.pk]), {"name": str(anna)})
            return answer.status_code, answer.content.decode()
        finally:
            done.set()

    _, (status, said) = beside(importing, forget)
    assert status == 409
    assert "Somebody else is at work on the same records" in said
    assert Contact.objects.get() == anna
