"""Mail and imports of people side by side: senders wait for the writing alone, and nothing slips past the hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from crm.accounts.models import Contact
from crm.imports.actions import import_file
from crm.imports.actions.staging import Staging
from crm.outbox.actions import Draft, enqueue, template, work
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.outbox.policy import go_live
from crm.web import clock
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "external_id,account_external_id,email,first_name,is_primary\n"


def elsewhere[T](job: Callable[[], T]) -> T:
    """What the job returns on a connection of its own."""

    def run() -> T:
        try:
            with clock.travelling(NOON):
                return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def gate_is_closed() -> bool:
    """As a sender finds it that does not wait."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM crm_mailpolicy FOR SHARE NOWAIT")
    except OperationalError:
        return True
    return False


def file(folder: Path, rows: str) -> Path:
    path = folder / "contacts.csv"
    path.write_text(HEADER + rows)
    return path


def test_the_gate_is_closed_for_the_writing_alone(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = factories.account("Acme", external_id="acme")
    factories.contact(acme, external_id="c0", is_primary=True)
    go_live(NOON)
    run, seen = Staging.run, []

    def watched(self: Staging, sql: str, **parameters: Any) -> int:
        seen.append((sql, elsewhere(gate_is_closed)))
        return run(self, sql, **parameters)

    monkeypatch.setattr(Staging, "run", watched)
    report = load("contacts", HEADER + "c0,acme,,Zoe,no\nc1,acme,a@x.example,A,yes\nc2,nowhere,b@x.example,B,\n")

    assert (report.created, report.updated, report.rejected) == (1, 1, 1)
    record = ("UPDATE crm_contact", "FOR NO KEY UPDATE", "INSERT INTO crm_contact", "INSERT INTO crm_suppression")
    writing = [closed for sql, closed in seen if any(words in sql for words in record)]
    reading = [closed for sql, closed in seen if "import_rejects SELECT" in sql or "import_doubled" in sql]
    assert (len(writing), set(writing)) == (4, {True})  # old primaries, contacts twice, suppressions
    assert (len(reading) > 3, set(reading)) == (True, {False})
    assert elsewhere(gate_is_closed) is False


def test_who_waits_at_the_gate_finds_the_hold(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender takes a message while the import writes; its reader has just been changed by the file."""
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    anna = factories.contact(factories.account(external_id="acme"), external_id="c0")
    plan(anna)
    MailPolicy.objects.create(pk=1)
    senders: list[threading.Thread] = []
    insert = Staging._insert

    def with_a_sender(self: Staging, *args: Any) -> int:
        senders.append(threading.Thread(target=lambda: elsewhere(lambda: work(NOON))))
        senders[0].start()
        senders[0].join(0.3)
        return insert(self, *args)

    monkeypatch.setattr(Staging, "_insert", with_a_sender)
    import_file("contacts", file(tmp_path, "c0,,,Annie,\nc1,acme,b@x.example,B,\n"), now=NOON)
    senders[0].join(20)

    assert work(NOON) == 0
    assert MailPolicy.objects.get().mode == "hold"
    assert OutboundMessage.objects.get().state == "due"
    assert not (tmp_path / "mail").exists() or not list((tmp_path / "mail").iterdir())


def test_senders_and_imports_of_the_same_people_do_not_wait_in_a_ring(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    Sender.objects.create(name="default", per_minute=10_000)
    go_live(NOON)
    acme = factories.account(external_id="acme")
    people = [factories.contact(acme, external_id=f"c{number}") for number in range(40)]
    for person in people:
        plan(person, category="transactional")

    def send() -> None:
        for _ in range(20):
            work(NOON)

    def load(version: int) -> None:
        folder = tmp_path / str(version)
        folder.mkdir()
        rows = "".join(f"c{n},,,Name {version},{'yes' if n == version else ''}\n" for n in range(40))
        assert import_file("contacts", file(folder, rows), now=NOON).updated == 40

    jobs: list[Callable[[], None]] = [send, send, *[lambda n=n: load(n) for n in range(1, 5)]]  # type: ignore[misc]
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(elsewhere, job) for job in jobs]:
            done.result(60)
    while work(NOON):
        pass

    assert set(OutboundMessage.objects.values_list("state", flat=True)) == {"sent"}
    assert Contact.objects.filter(first_name__startswith="Name ").count() == 40


def plan(contact: Contact, **fields: Any) -> None:
    draft: dict[str, Any] = {
        "key": f"test:{contact.pk}", "category": "service", "template_id": template("Hello", "Good day."),
        "due_at": NOON, "contact_id": contact.pk, "account_id": contact.account_id,
    }  # fmt: skip
    enqueue([Draft(**draft | fields)], now=NOON)
