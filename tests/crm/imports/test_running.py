"""What a worker does with an uploaded file: preview, import, undo, and what becomes of it when the worker dies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from crm.accounts.models import Account, Contact
from crm.imports.actions import FileRefused, running
from crm.imports.actions.storing import PIECE, receive
from crm.imports.models import Import, ImportPart
from crm.imports.rules.plans import Plan
from crm.outbox.models import MailPolicy
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def uploaded(ada: Any) -> Any:
    """A file that has been uploaded and mapped, waiting for the job."""

    def uploaded(text: str | bytes, kind: str = "accounts", job: str = "load", by: Any = None, **plan: Any) -> Import:
        data = text if isinstance(text, bytes) else text.encode()
        made = receive(SimpleUploadedFile("list.csv", data), kind, by or ada, NOON)
        made.settings = Plan(**plan).as_json()
        made.queue(job, by or ada, NOON)
        return made

    return uploaded


def test_a_preview_tells_all_and_changes_nothing(uploaded: Any) -> None:
    factories.account("Acme", external_id="a1", industry="Steel")
    factories.account("Bolt & Sons GmbH")
    made = uploaded(
        "external_id,name,industry,country\na1,Acme Ltd,,\na2,BOLT & SONS,,\na3,Cork,,Nowhere\na1,Acme Ltd,,\n",
        job="preview",
    )
    assert (running.run(NOON), running.run(NOON)) == (1, 0)
    made.refresh_from_db()
    assert (made.state, made.job, made.created, made.updated, made.skipped, made.rejected) == ("draft", "", 1, 1, 1, 1)
    assert Account.objects.count() == 2
    changes = {entry["line"]: entry["changes"] for entry in made.report["changes"]}
    assert changes[5] == [{"field": "Name", "before": "Acme", "after": "Acme Ltd"}]
    assert {"field": "Name", "before": "", "after": "BOLT & SONS"} in changes[3]
    (reason,) = made.report["reasons"]
    assert (reason["column"], reason["reason"], reason["rows"]) == ("country", "is not a country", 1)
    assert [int(reason["lines"][0][0]), reason["lines"][0][1]] == [4, "Nowhere"]
    assert made.report["twins"]["rows"] == 1
    assert made.report["twins"]["first"][0]["why"] == "the same name"


def test_an_import_is_all_there_and_its_file_goes(uploaded: Any, ada: Any) -> None:
    made = uploaded("external_id,name\na1,Acme\na2,\n")
    running.run(NOON)
    made.refresh_from_db()
    assert (made.state, made.created, made.rejected, made.finished_at) == ("done", 1, 1, NOON)
    assert list(made.rejects.values_list("line", "column", "reason")) == [(3, "name", "is missing")]
    assert not ImportPart.objects.exists()
    made.queue("undo", ada, NOON)
    running.run(NOON + timedelta(days=1))
    made.refresh_from_db()
    assert (made.state, made.undone_by, Account.objects.count()) == ("undone", ada, 0)


def test_a_file_of_many_pieces_arrives_whole(uploaded: Any) -> None:
    text = "external_id,name,primary_use_case\n" + "".join(f"a{n},Kelp {n},{'x' * 150}\n" for n in range(8000))
    assert len(text) > PIECE
    made = uploaded(text)
    assert made.parts.count() == 2
    running.run(NOON)
    made.refresh_from_db()
    assert (made.created, Account.objects.count()) == (8000, 8000)
    assert made.ranges.count() == 1  # rows in a row are one note


def test_what_cannot_be_loaded_fails_and_says_why(uploaded: Any) -> None:
    made = uploaded("name,industry\nAcme,Steel\n")
    running.run(NOON)
    made.refresh_from_db()
    assert (made.state, made.job) == ("failed", "")
    assert "lacks the column external_id or our_id." in made.error
    assert not Account.objects.exists()


def test_a_mistake_of_ours_is_told_and_nothing_stays(uploaded: Any, monkeypatch: Any) -> None:
    made = uploaded("external_id,name\na1,Acme\n")
    monkeypatch.setattr("crm.imports.actions.staging.Staging.rejected", lambda self: 1 / 0)
    running.run(NOON)
    made.refresh_from_db()
    assert (made.state, Account.objects.count()) == ("failed", 0)
    assert "on our side" in made.error


def test_after_three_deaths_it_is_given_up(uploaded: Any) -> None:
    made = uploaded("external_id,name\na1,Acme\n")
    Import.objects.update(attempts=3)
    running.run(NOON)
    made.refresh_from_db()
    assert (made.state, Account.objects.count()) == ("failed", 0)
    assert "ended 3 times" in made.error


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "is empty"), (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "not a text file"), (b"\xef\xbb\xbf\n", "is empty")],
)
def test_what_is_no_file_of_rows_is_refused_at_the_door(data: bytes, reason: str, ada: Any) -> None:
    with pytest.raises(FileRefused, match=f"list.csv .*{reason}"):
        receive(SimpleUploadedFile("list.csv", data), "accounts", ada, NOON)
    assert not Import.objects.exists()


def test_the_first_people_hold_the_mail(uploaded: Any) -> None:
    factories.account("Acme", external_id="a1")
    made = uploaded("external_id,account_external_id,email\nc1,a1,a@x.example\n", kind="contacts", job="preview")
    running.run(NOON)
    made.refresh_from_db()
    assert (made.report["holds_mail"], MailPolicy.the_only().mode) == (True, "live")
    made.queue("load", made.by, NOON)
    running.run(NOON)
    assert (MailPolicy.the_only().mode, Contact.objects.count()) == ("hold", 1)


def test_whoever_is_confined_changes_nobody_elses(uploaded: Any, mira: Any, olaf: Any) -> None:
    factories.account("Acme", external_id="a1", owner=mira)
    mine = factories.account("Bolt", external_id="a2", owner=olaf)
    made = uploaded("external_id,name\na1,Stolen\na2,Bolted\n", by=olaf)
    running.run(NOON)
    made.refresh_from_db()
    assert (made.updated, made.rejected) == (1, 1)
    assert made.rejects.get().reason == "is somebody else's customer, whom you may not change"
    assert set(Account.objects.values_list("name", flat=True)) == {"Acme", "Bolted"}
    assert Account.objects.get(name="Bolted").pk == mine.pk


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_from_outside_and_a_killed_worker_leaves_nothing(uploaded: Any, monkeypatch: Any) -> None:
    made = uploaded("external_id,name\na1,Acme\na2,Bolt\n")
    seen: list[tuple[Any, ...]] = []

    class Killed(BaseException):
        pass

    def die(self: Any) -> int:
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT phase, rows_read, attempts, started_at IS NOT NULL, (SELECT count(*) FROM crm_account) "
                "FROM crm_import"
            )
            seen.append(cursor.fetchone())
        other.close()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("crm.imports.actions.staging.Staging.rejected", die)
        with pytest.raises(Killed):
            running.run(NOON)
    assert seen == [("Tidying up", 2, 1, True, 0)]
    assert Account.objects.count() == 0
    assert running.run(NOON) == 1
    made.refresh_from_db()
    assert (made.state, made.created, Account.objects.count()) == ("done", 2, 2)


@pytest.mark.django_db(transaction=True)
def test_one_file_at_a_time(uploaded: Any) -> None:
    uploaded("external_id,name\na1,Acme\n")
    other = connection.copy()
    try:
        with transaction.atomic(), other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('crm.imports.runner'))")
            assert running.run(NOON) == 0
            cursor.execute("SELECT pg_advisory_unlock(hashtext('crm.imports.runner'))")
            assert not Account.objects.exists()
    finally:
        other.close()
    assert running.run(NOON) == 1


def test_drafts_and_old_marks_are_forgotten(uploaded: Any, ada: Any) -> None:
    uploaded("external_id,name\na1,Acme\na2,\n")
    running.run(NOON)
    draft = receive(SimpleUploadedFile("x.csv", b"external_id,name\n"), "accounts", ada, NOON)
    running.run(NOON + timedelta(days=7))
    assert Import.objects.filter(pk=draft.pk).exists()
    running.run(NOON + timedelta(days=7, seconds=1))
    done = Import.objects.get()
    assert (done.ranges.count(), done.rejects.count()) == (1, 1)
    running.run(NOON + timedelta(days=30, seconds=1))
    assert (done.ranges.count(), done.rejects.count(), Account.objects.count()) == (0, 0, 1)
