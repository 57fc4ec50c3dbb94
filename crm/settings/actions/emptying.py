"""A demo becomes an empty house: its customers, colleagues and mail go, what is set stays, and workflows are off.

Three stages, each of which can be begun again: a backup if somebody wants one, all rows in one transaction, then files.
Whoever is killed between two of them leaves the next one to the worker that comes by.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from crm import slots
from crm.accounts.models import Account, Contact
from crm.history.actions import act
from crm.home import demo_mail
from crm.outbox import policy
from crm.outbox.actions import close_the_gate
from crm.outbox.models import OutboundMessage
from crm.settings.models import Emptying
from crm.team.actions import TeamError, as_admin
from crm.team.models import Organisation, Team, User
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from crm.web.models import DEMO, Pulse

KIND = "demo.emptied"
Stage = Emptying.Stage

#: After a try that failed the next one comes so much later.
AGAIN = timedelta(minutes=1)
#: More rows of a kind than this are not counted for the page.
COUNTED = 10_000
#: Folders of files that one slice removes.
_FOLDERS = 200


def told_at() -> datetime | None:
    """Until when what is here was the demo's; None in a house that was never one, or is one no more."""
    if Emptying.objects.filter(finished_at__isnull=False).exists():
        return None
    return Pulse.objects.filter(name=DEMO).values_list("ran_at", flat=True).first()


def what_goes(by: User) -> dict[str, int]:
    """How many rows of each kind, by what people call them; COUNTED + 1 for more than that."""
    kinds: dict[str, Any] = {
        "customers": Account, "people": Contact, "messages": OutboundMessage, "tasks": Task,
        "entries of timelines": TimelineEntry,
    }  # fmt: skip
    counts = {words: model._default_manager.order_by()[: COUNTED + 1].count() for words, model in kinds.items()}
    return counts | {"colleagues": _demo_users(by, told_at()).count()}


def _demo_users(by: User, told: datetime | None) -> Any:
    return User.objects.filter(created_at__lte=told).exclude(pk=by.pk) if told else User.objects.none()


def ask(by: User, *, backup: bool, now: datetime) -> Emptying:
    """Let a worker begin. Whoever asks second gets what the first has begun. Raises TeamError."""
    with as_admin(by):
        if told_at() is None:
            raise TeamError("This house is not a demo, so there is nothing to take away. Nothing was changed.")
        begun = Emptying.objects.filter(pk=Emptying.ONLY).first()
        return begun or Emptying.objects.create(
            pk=Emptying.ONLY, by=by, asked_at=now, due_at=now, counts=what_goes(by),
            stage=Stage.BACKUP if backup else Stage.ROWS,
            backup=str(Path(settings.BACKUP_ROOT) / f"demo-{now:%Y%m%d-%H%M%S}.dump") if backup else "",
        )  # fmt: skip


def call_off(by: User) -> bool:
    """While nothing is gone yet; whether it was so."""
    with as_admin(by):
        waiting = Emptying.objects.select_for_update().filter(pk=Emptying.ONLY, stage=Stage.BACKUP)
        return bool(waiting.delete()[0])


def work(now: datetime) -> int:
    """One stage, or one slice of it."""
    found = Emptying.objects.filter(finished_at=None, due_at__lte=now).select_related("by").first()
    if found is None:
        return 0
    stages = {Stage.BACKUP: _back_up, Stage.ROWS: _remove_rows, Stage.FILES: _remove_files}
    try:
        stages[Stage(found.stage)](found, now)
    except (CommandError, DatabaseError, OSError) as error:
        if not connection.is_usable():
            raise
        said = str(error).strip().partition("\n")[0][:300]
        Emptying.objects.filter(pk=found.pk, finished_at=None).update(error=said, due_at=now + AGAIN)
    return 1


def next_due(now: datetime) -> datetime | None:
    return Emptying.objects.filter(finished_at=None).values_list("due_at", flat=True).first()


def _on(found: Emptying, stage: str, **more: Any) -> bool:
    """Go from the stage that was done to the next one; False: another worker has."""
    here = Emptying.objects.filter(pk=found.pk, stage=found.stage, finished_at=None)
    return bool(here.update(stage=stage, error="", **more))


def _back_up(found: Emptying, now: datetime) -> None:
    """The file bears its name only when it is whole: one that is there was written before somebody was killed."""
    file = Path(found.backup)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        call_command("backup", file, verbosity=0)
    _on(found, Stage.ROWS)


def _remove_rows(found: Emptying, now: datetime) -> None:
    """All or nothing. It waits some seconds for who is at work, and tries again later otherwise."""
    told = told_at()
    with transaction.atomic():
        Emptying.objects.select_for_update().get(pk=found.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
        close_the_gate()  # before the tables: senders hold it while they look into them
        last = Account.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        if not _on(found, Stage.FILES, counts=found.counts | {"last": last}):
            return
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be emptied
            cursor.execute(f"TRUNCATE {', '.join(sorted(emptied_tables()))}")
        _demo_users(found.by, told).delete()
        Team.objects.filter(created_at__lte=told).delete()
        Organisation.objects.update(start_put_away_at=None)
        policy.hold("The demo has gone. Go live when your own customers are in.")
        for kept in slots.kept_tables:
            if kept.after:
                kept.after(now)
        with act(KIND, "took the demo away", found.by, now, {"counts": found.counts}):
            pass


def emptied_tables() -> set[str]:
    """Of every model of ours that no room has named as kept: a table that nobody thought of holds data."""
    kept = set(slots.kept_tables.names())
    ours = [app for app in apps.get_app_configs() if Path(app.path).is_relative_to(settings.BASE_DIR / app.label)]
    models = [model for app in ours for model in app.get_models(include_auto_created=True)]
    return {model._meta.db_table for model in models if model._meta.label not in kept and model._meta.managed}


def _remove_files(found: Emptying, now: datetime) -> None:
    """Of customers that were there then; ids are never given twice, so nobody new is among them."""
    folders = default_storage.listdir("accounts")[0] if default_storage.exists("accounts") else []
    stale = [name for name in folders if name.isdecimal() and int(name) <= found.counts["last"]]
    for name in stale[:_FOLDERS]:
        for file in default_storage.listdir(f"accounts/{name}")[1]:
            default_storage.delete(f"accounts/{name}/{file}")
        default_storage.delete(f"accounts/{name}")
    if len(stale) <= _FOLDERS:
        demo_mail.discard()
        cache.clear()
        _on(found, Stage.DONE, finished_at=now)
