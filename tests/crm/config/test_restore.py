"""Going on from a backup: nothing is lost that the file holds, and nothing is sent twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.accounts.models import Contact
from crm.config import archive
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.team.models import User
from crm.web import clock
from tests import factories
from tests.crm.conftest import Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_time]

#: Two hours before the first mail of the onboarding.
START = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The name of a database that does not exist; what takes it, or is kept beside it, is dropped at the end."""
    name = f"{connection.settings_dict['NAME']}_elsewhere"
    yield name
    with maintenance() as session:
        for (found,) in session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name]):
            session.execute(f'DROP DATABASE "{found}" WITH (FORCE)')


@pytest.fixture
def customer(server: Server, transactional_db: None) -> Contact:
    """One customer whose first week begins, with mail live."""
    run(START, "recipes", "--enable", "onboarding")
    run(START, "mail", "--live")
    run(START, "tick", "--now", START.isoformat())
    with clock.travelling(START):
        account = factories.account("Kelp & Co", timezone="UTC")
        factories.contract(account, START.date())
        return factories.contact(account, email="anna@kelp.example", email_consent="yes")


def maintenance() -> Any:
    return closing(psycopg.connect(**archive._parameters("template1"), autocommit=True))


@contextmanager
def standing_in(database: str) -> Iterator[None]:
    """What happens inside happens to another database."""
    before = connection.settings_dict["NAME"]
    archive._connect_to(database)
    try:
        yield
    finally:
        archive._connect_to(before)


def run(moment: datetime, *command: str) -> str:
    said = StringIO()
    with clock.travelling(moment):
        call_command(*command, stdout=said, stderr=StringIO())
    return said.getvalue()


def subjects(server: Server) -> Counter[str]:
    return Counter(str(mail["Subject"]).partition(",")[0] for mail in server.mails)


def test_what_may_have_left_after_the_backup_waits_for_a_person(customer, server, elsewhere, tmp_path):
    """The installation went on after its backup, sent a mail, and was lost."""
    file = tmp_path / "night.dump"
    run(START, "backup", str(file))
    run(START, "tick", "--now", (START + DAY).isoformat())
    assert subjects(server) == {"Welcome": 1}

    with standing_in(elsewhere):
        told = json.loads(run(START + DAY, "restore", str(file), "--json"))
        assert datetime.now(UTC) - datetime.fromisoformat(told["taken_at"]) < timedelta(minutes=5)
        assert (told["newly_uncertain"], told["kept_as"]) == (1, None)
        welcome = OutboundMessage.objects.get()
        assert (welcome.state, welcome.rendered_subject) == ("uncertain", "")
        assert "may have left after that" in welcome.reason
        assert MailPolicy.the_only().mode == "hold"
        journal = json.loads(verify(START + DAY))
        assert [journal[kind] for kind in ("lost", "doubled", "late", "uncertain")] == [0, 0, 0, 1]

        run(START + DAY, "tick", "--now", (START + 4 * DAY).isoformat())
        assert subjects(server) == {"Welcome": 1}  # held
        run(START + 4 * DAY, "mail", "--live")
        run(START + 4 * DAY, "tick", "--now", (START + 8 * DAY).isoformat())
    assert subjects(server) == {"Welcome": 1, "How others got there": 1, "How was your first week?": 1}


def verify(moment: datetime) -> str:
    said = StringIO()
    with clock.travelling(moment), suppress(CommandError):  # uncertain mail is worth an exit code
        call_command("verify_journal", "--json", stdout=said, stderr=StringIO())
    return said.getvalue()


def test_an_installation_that_was_stopped_first_goes_on_at_once(customer, server, elsewhere, tmp_path):
    file = tmp_path / "move.dump"
    run(START, "tick", "--now", (START + DAY).isoformat())
    run(START + DAY, "backup", str(file))
    with standing_in(elsewhere):
        assert run(START + DAY, "restore", str(file), "--nothing-ran-since").startswith("Restored the backup of ")
        assert MailPolicy.the_only().mode == "live"
        run(START + DAY, "tick", "--now", (START + 8 * DAY).isoformat())
    assert subjects(server) == {"Welcome": 1, "How others got there": 1, "How was your first week?": 1}


def test_what_is_there_is_not_replaced_unless_it_is_kept(customer, elsewhere, tmp_path):
    file = tmp_path / "one.dump"
    run(START, "backup", str(file))
    with standing_in(elsewhere):
        run(START, "restore", str(file))
        User.objects.create_user("new@example.com", "correct horse", name="Newly made", role="admin")
        connection.close()
        with pytest.raises(CommandError, match=r"not empty\. With --aside .* Nothing was changed") as refused:
            run(START, "restore", str(file))
        assert refused.value.returncode == 2
        assert User.objects.filter(email="new@example.com").exists()
        connection.close()

        kept = json.loads(run(START + DAY, "restore", str(file), "--aside", "--json"))["kept_as"]
        assert kept == f"{elsewhere}_before_20260602t070000"
        assert not User.objects.filter(email="new@example.com").exists()
    with standing_in(kept):
        assert User.objects.filter(email="new@example.com").exists()


def test_a_database_in_use_is_not_replaced(customer, elsewhere, tmp_path):
    file = tmp_path / "one.dump"
    run(START, "backup", str(file))
    with standing_in(elsewhere):
        run(START, "restore", str(file))
        connection.close()
        with (
            closing(psycopg.connect(**archive._parameters(elsewhere))),
            pytest.raises(CommandError, match=r"1 sessions use the database .* stop web, workers and beat first"),
        ):
            run(START, "restore", str(file), "--aside")


@pytest.mark.parametrize("content", [b"", b"PGDMP garbage", b"hello" * 100])
def test_a_file_that_is_no_backup_changes_nothing(content, transactional_db, elsewhere, tmp_path):
    file = tmp_path / "odd.dump"
    file.write_bytes(content)
    with standing_in(elsewhere), pytest.raises(CommandError, match="Nothing was changed") as refused:
        run(START, "restore", str(file))
    assert refused.value.returncode == 2
    assert databases(elsewhere) == []


def test_a_backup_that_was_cut_short_changes_nothing(customer, elsewhere, tmp_path):
    file = tmp_path / "whole.dump"
    run(START, "backup", str(file))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 3 // 4])
    with standing_in(elsewhere), pytest.raises(CommandError, match=r"pg_restore failed.* Nothing was changed"):
        run(START, "restore", str(file))
    assert databases(elsewhere) == []


def test_a_backup_of_a_later_version_is_refused(customer, elsewhere, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('crm', '9999_later', now())")
    run(START, "backup", str(tmp_path / "later.dump"))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    with standing_in(elsewhere), pytest.raises(CommandError, match=r"later version, which knows crm\.9999_later"):
        run(START, "restore", str(tmp_path / "later.dump"))
    assert databases(elsewhere) == []


def test_an_id_that_was_given_after_the_backup_never_means_another(customer, elsewhere, tmp_path):
    """Its unsubscribe link is out in the world, and its messages' keys are known to the provider."""
    run(START, "backup", str(tmp_path / "one.dump"))
    lost = factories.contact(customer.account)
    with standing_in(elsewhere):
        run(START, "restore", str(tmp_path / "one.dump"))
        found = factories.contact(factories.account())
        assert found.pk > lost.pk + 1_000_000
        assert found.account_id > lost.account_id + 1_000_000


def test_a_backup_is_for_its_owner_and_overwrites_no_file(transactional_db, tmp_path):
    file = tmp_path / "one.dump"
    run(START, "backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("precious")
    for path, why in ((file, "exists already"), (tmp_path / "none" / "one.dump", "No such file or directory")):
        with pytest.raises(CommandError, match=f"{why}.* Nothing was written") as refused:
            run(START, "backup", str(path))
        assert refused.value.returncode == 2
    assert file.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["one.dump"]


def test_a_backup_that_fails_leaves_nothing_and_touches_no_other(transactional_db, tmp_path):
    beside = tmp_path / "one.dump.20260601"
    beside.write_text("precious")
    with standing_in("no_such_database"), pytest.raises(CommandError, match=r"pg_dump failed.* Nothing was written"):
        run(START, "backup", str(tmp_path / "one.dump"))
    assert [path.name for path in tmp_path.iterdir()] == [beside.name]


def databases(prefix: str) -> list[str]:
    with maintenance() as session:
        rows = session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return [row[0] for row in rows]
