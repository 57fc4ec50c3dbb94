"""What colleagues do in the house: files they bring in, edits, a merge, views, tasks that come again, bells they read.

All of it by the verbs that pages call, each put down to whoever did it: the audit log tells the same story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from math import sin
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict

from crm import slots
from crm.accounts.models import Account
from crm.duplicates.merging import merge
from crm.history.actions import act, through
from crm.history.bulk.acting import begin, form_of
from crm.history.bulk.choosing import Chosen
from crm.history.models import Act, Door
from crm.imports.actions.running import run as run_imports
from crm.imports.actions.storing import receive
from crm.imports.models import Import
from crm.outbox.models import Notification
from crm.outbox.notifications import notify
from crm.quality import counting
from crm.quality.models import DataCount, DataSweep
from crm.segments.actions import keep
from crm.segments.listing.state import kept
from crm.team.models import User
from crm.todos import actions as todos
from crm.todos.actions import NewTask
from crm.todos.rules.repeating import Repeat
from retention.demo import story

#: So many days back the record was counted first.
COUNTED_DAYS = 60


@cache
def _told() -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = story.read("house.yaml")
    return told


@contextmanager
def on_a_page(by: User | None, now: datetime) -> Iterator[None]:
    """What changes inside is an edit of theirs."""
    with act(Act.EDIT, "", by, now, door=Door.PAGE):
        yield


class House:
    """The colleagues at work, by their keys."""

    def __init__(self, ours: dict[str, int]) -> None:
        users = User.objects.in_bulk(list(ours.values()))
        self.users = {key: users[pk] for key, pk in ours.items()}

    def morning(self, ago: int, now: datetime) -> None:
        """Everybody has read what the bell told yesterday; then what this day brings."""
        Notification.objects.unread().filter(created_at__lt=now).update(read_at=now)
        for name, verb in self._verbs().items():
            for one in _told()[name]:
                if one["ago"] == ago:
                    self._do(verb, one, now + timedelta(minutes=37))

    def _do(self, verb: Callable[[dict[str, Any], User, datetime], None], told: dict[str, Any], now: datetime) -> None:
        by = self.users[told["by"]]
        with through(Door.PAGE, lambda: by.pk):
            verb(told, by, now)

    def _verbs(self) -> dict[str, Callable[[dict[str, Any], User, datetime], None]]:
        return {"imports": self._import, "merges": self._merge, "edits": self._edit, "in_bulk": self._in_bulk}

    def _import(self, told: dict[str, Any], by: User, now: datetime) -> None:
        upload = SimpleUploadedFile(told["file"], told["rows"].encode(), "text/csv")
        made = receive(upload, told["kind"], by, now)
        self._queue(made, Import.Job.LOAD, by, now)
        if minutes := told.get("undone_after"):
            self._queue(made, Import.Job.UNDO, by, now + timedelta(minutes=minutes))

    def _queue(self, made: Import, job: str, by: User, now: datetime) -> None:
        made.refresh_from_db()
        made.queue(job, by, now)
        run_imports(now)

    def _merge(self, told: dict[str, Any], by: User, now: datetime) -> None:
        keeper, loser = (Account.objects.get(name=told[side]).pk for side in ("keeper", "loser"))
        merge("account", keeper, loser, {}, by, now)

    def _edit(self, told: dict[str, Any], by: User, now: datetime) -> None:
        with on_a_page(by, now):
            Account.objects.filter(name=told["name"]).update(**told["set"], updated_at=now)

    def _in_bulk(self, told: dict[str, Any], by: User, now: datetime) -> None:
        rows = Account.objects.filter(name__in=told["names"])
        form = form_of(slots.bulk_actions[told["action"]], by, told["sent"])
        assert form is not None
        assert form.is_valid(), form.errors
        begin(told["action"], Chosen(rows, None, []), form, by, now)

    def settle_in(self, now: datetime) -> None:
        """Views that people keep, and work that comes again."""
        for told in _told()["views"]:
            asked = QueryDict(mutable=True)
            asked.update(told["asked"])
            listing = slots.lists[told["subject"]]
            keep(self.users[told["by"]], told["subject"], told["name"], told.get("shared", False),
                 kept(asked, listing), now)  # type: ignore[arg-type]  # fmt: skip
        todos.create([self._task(told, now) for told in _told()["tasks"]], now=now)

    def _task(self, told: dict[str, Any], now: datetime) -> NewTask:
        by = self.users[told["by"]]
        about = Account.objects.get(name=told["about"]).pk if "about" in told else None
        due = Repeat.parse(told["repeats"]).after(now, by.zone)
        return NewTask(told["title"], due, about, owner_id=by.pk, created_by_id=by.pk, repeats=told["repeats"])

    def last_hours(self, now: datetime) -> None:
        """What Mira's bell says when she comes in, beside what the day brought her anyway."""
        ben, mira = self.users["ben"], self.users["mira"]
        given = Account.objects.get(name="Elbtal Kühlhaus")
        at = now - timedelta(hours=2)
        with on_a_page(ben, at):
            Account.objects.filter(pk=given.pk).update(owner=mira, updated_at=at)
        notify([mira], "account.assigned", f"Ben Adeyemi made you the owner of {given}", given.get_absolute_url(), at,
               account_id=given.pk, by=ben)  # fmt: skip
        todos.create([
            NewTask(f"Welcome {given} and ask what they saw at the fair", now + timedelta(hours=3), given.pk,
                    owner_id=mira.pk, created_by_id=ben.pk, kind="call"),
        ], now=at)  # fmt: skip

    def look_through(self, now: datetime) -> None:
        """The record is counted, and was counted every day before: it has been getting better."""
        DataCount.objects.all().delete()  # of the walk, which counted on its first day
        DataSweep.objects.all().delete()
        while counting.run(now):
            pass
        present = list(DataCount.objects.all())
        DataCount.objects.bulk_create([_before(row, ago) for ago in range(1, COUNTED_DAYS + 1) for row in present])


def _before(row: DataCount, ago: int) -> DataCount:
    """As it was so many days ago: a little worse, and up and down with what came in."""
    worse = 1 + ago / COUNTED_DAYS * 0.45 + 0.04 * sin(ago / 3)
    return DataCount(
        day=row.day - timedelta(days=ago), owner_id=row.owner_id, counted_at=row.counted_at - timedelta(days=ago),
        expected=row.expected, missing=min(round(row.missing * worse), row.expected),
    )  # fmt: skip
