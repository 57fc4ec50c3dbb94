"""From a demo to an empty house: asked by name, in stages that can be begun again, refused where there is no demo."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError
from django.db import connection, transaction

from crm.accounts.actions import files
from crm.accounts.models import Account
from crm.history.actions import can_undo
from crm.history.models import Act
from crm.outbox.models import MailPolicy
from crm.settings.actions import emptying
from crm.settings.models import Emptying
from crm.team.models import Organisation, Team, User
from crm.timeline.models import TimelineEntry
from crm.web.models import DEMO, Pulse
from retention.workflows.actions import enable
from retention.workflows.models import Workflow
from tests import factories
from tests.conftest import NOON

PAGE = "/settings/own-data/"
#: As a page of the demo sends it.
ASKED = {"typed": "northwind "}


@pytest.fixture
def demo(ada: User, mira: User) -> Account:
    """A house that a demo filled yesterday; Sam was invited since."""
    User.objects.update(created_at=NOON - timedelta(days=2))
    Organisation.objects.create(pk=1, name="Northwind", start_put_away_at=NOON)
    Team.objects.create(name="North", created_at=NOON - timedelta(days=2))
    Pulse.objects.create(name=DEMO, ran_at=NOON - timedelta(days=1))
    enable("renewal-reminder", NOON)
    account = factories.account(owner=mira)
    factories.contact(account)
    files.put(account, ContentFile(b"x", "x.txt"), mira, NOON)
    return account


@pytest.fixture
def admin(client: Any, ada: User) -> Any:
    client.force_login(ada)
    return client


def work() -> None:
    while emptying.work(NOON):
        pass


def test_the_demo_goes_and_what_is_set_stays(admin, ada, demo, sam):
    assert "<b>1</b>" in admin.get(PAGE).content.decode()
    assert admin.post(PAGE, ASKED).status_code == 302
    assert default_storage.exists(f"accounts/{demo.pk}")
    work()
    assert not Account.objects.exists()
    assert not TimelineEntry.objects.exists()
    assert not default_storage.exists(f"accounts/{demo.pk}")
    assert set(User.objects.all()) == {ada, sam}
    assert not Team.objects.exists()
    assert (Organisation.objects.get().name, Organisation.objects.get().start_put_away_at) == ("Northwind", None)
    assert Workflow.objects.get().state == Workflow.State.OFF
    assert MailPolicy.objects.get().mode == MailPolicy.Mode.HOLD
    act = Act.objects.get()
    assert (act.kind, act.by, can_undo(act, ada, NOON)) == ("demo.emptied", ada, False)
    assert "The demo has gone" in admin.get(PAGE).content.decode()
    assert factories.account().pk > demo.pk  # ids are never given twice


@pytest.mark.parametrize("typed", ["", "North", "Northwind Ltd"])
def test_without_the_name_nothing_happens(admin, demo, typed):
    assert admin.post(PAGE, {"typed": typed}).status_code == 422
    assert not Emptying.objects.exists()


def test_a_house_that_was_never_a_demo_refuses(admin):
    factories.account()
    answer = admin.post(PAGE, {"typed": "Holdfast"})
    assert (answer.status_code, "not a demo" in answer.content.decode()) == (409, True)
    work()
    assert Account.objects.count() == 1


def test_it_goes_once(admin, demo):
    admin.post(PAGE, ASKED)
    work()
    factories.account("Ours")
    assert admin.post(PAGE, ASKED).status_code == 409
    work()
    assert Account.objects.get().name == "Ours"


def test_whoever_asks_second_gets_what_the_first_has_begun(ada, demo):
    boris = User.objects.create_user("boris@example.com", "x", name="Boris", role="admin", created_at=NOON)
    first = emptying.ask(ada, backup=False, now=NOON)
    assert emptying.ask(boris, backup=True, now=NOON) == first
    assert Emptying.objects.get().by == ada


def test_killed_in_a_stage_it_goes_on(ada, demo, monkeypatch):
    emptying.ask(ada, backup=False, now=NOON)

    class Killed(BaseException): ...

    def die(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(emptying.policy, "hold", die)  # in the middle of the rows
    with pytest.raises(Killed):
        emptying.work(NOON)
    assert (Account.objects.count(), Emptying.objects.get().stage) == (1, "rows")
    monkeypatch.undo()
    emptying.work(NOON)
    assert (Account.objects.count(), Emptying.objects.get().stage) == (0, "files")
    work()
    assert Emptying.objects.get().finished_at == NOON


def test_a_backup_comes_first_and_can_be_called_off(admin, ada, demo, settings, tmp_path, monkeypatch):
    settings.BACKUP_ROOT = str(tmp_path / "backups")
    made: list[Path] = []

    def fail(name: str, file: Path, **_: Any) -> None:
        raise CommandError("The disk is full. Nothing was written.")

    monkeypatch.setattr(emptying, "call_command", fail)
    admin.post(PAGE, ASKED | {"backup": "on"})
    work()
    assert "The disk is full" in admin.get(PAGE).content.decode()
    assert (Account.objects.count(), emptying.next_due(NOON)) == (1, NOON + emptying.AGAIN)
    admin.post(f"{PAGE}calling-off/")
    assert not Emptying.objects.exists()

    def write(name: str, file: Path, **_: Any) -> None:
        file.write_text("whole")
        made.append(file)

    monkeypatch.setattr(emptying, "call_command", write)
    admin.post(PAGE, ASKED | {"backup": "on"})
    emptying.work(NOON)
    admin.post(f"{PAGE}calling-off/")  # too late
    work()
    assert ([file.read_text() for file in made], Account.objects.count()) == (["whole"], 0)


def test_nothing_that_stays_points_at_what_goes():
    """Or the statement that empties fails."""
    gone = emptying.emptied_tables()
    ours = [
        model
        for app in ("crm", "retention")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    ]
    kept = [model for model in ours if model._meta.db_table not in gone and model._meta.managed]
    wrong = [
        f"{model._meta.label}.{field.name}"
        for model in kept
        for field in model._meta.local_concrete_fields
        if field.is_relation and field.related_model._meta.db_table in gone
    ]
    assert wrong == []
    assert {"crm_account", "crm_contact", "retention_enrollment", "crm_act"} <= gone


def test_others_may_not(client, mira, demo):
    client.force_login(mira)
    assert client.post(PAGE, ASKED).status_code == 403
    assert not Emptying.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_tables_are_taken_behind_the_gate_as_senders_take_them(demo: Account, ada: User) -> None:
    """Whoever sends holds the gate and looks into the switches then: neither waits for the other for ever."""
    emptying.ask(ada, backup=False, now=NOON)
    ended = []

    def empty() -> None:
        try:
            ended.append(emptying.work(NOON))
        finally:
            connection.close()

    thread = threading.Thread(target=empty)
    with transaction.atomic():
        assert MailPolicy.shared() is not None
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE crm_switch IN ACCESS SHARE MODE NOWAIT")
    thread.join(20)
    assert (ended, Account.objects.count(), Emptying.objects.get().error) == ([1], 0, "")
