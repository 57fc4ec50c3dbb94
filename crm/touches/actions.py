"""Logging a touch with all that follows from it, and taking back what one wrote oneself. Each is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from crm.accounts.models import Account, Contact
from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.slots import tell
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos import actions as todos
from crm.todos.actions import NewTask
from crm.touches import rules

#: The one kind of entry that whoever wrote it may change.
NOTE = "note.written"


class NotYours(ValueError):
    """The entry is no note, or somebody else's; the message is for the person who asked."""


@transaction.atomic
def log(fact: Fact, account: Account, by: User, now: datetime, then: NewTask | None = None) -> int:
    """Write the touch, tell whom its note mentions, and plan what is to follow. Returns the id of the entry."""
    colleagues = people_mentioned(str(fact.payload.get("note", "")), account)
    if colleagues:
        fact.payload["mentions"] = [name for name, _ in colleagues]
    (entry,) = record(fact, now=now)
    _tell(entry, account, [user for _, user in colleagues], by, now)
    if then:
        todos.create([then], now=now)
    return entry


def people_mentioned(note: str, account: Account) -> list[tuple[str, User]]:
    """Colleagues behind an @ who may see the customer, with how they are written: by name, or by e-mail."""
    return colleagues_named(
        note, lambda user: Account.objects.visible_to(user).filter(pk=account.pk).exists()
    )  # fmt: skip


def colleagues_named(note: str, may_see: Callable[[User], bool]) -> list[tuple[str, User]]:
    """The same, of a note about anything."""
    if "@" not in note:
        return []
    users = list(User.objects.filter(is_active=True).order_by("id"))
    by_name: dict[str, list[User]] = {}
    for user in users:
        by_name.setdefault(user.name, []).append(user)
        by_name.setdefault(user.email, []).append(user)
    found = [(name, user) for name in rules.mentioned(note, by_name) for user in by_name[name]]
    return [(name, user) for name, user in found if may_see(user)]


def _tell(entry: int, account: Account, users: Sequence[User], by: User, now: datetime) -> None:
    if users:
        url = f"{account.get_absolute_url()}#entry-{entry}"
        text = f"{by} mentioned you at {account}"
        tell(users, "note.mention", text, url, now, key=f"mention:{entry}", account_id=account.pk, by=by)


def _own_note(entry: TimelineEntry, by: User) -> TimelineEntry:
    row = TimelineEntry.objects.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
    if row.kind != NOTE or row.actor_id != by.pk:
        raise NotYours("Only notes can be changed, and only by whoever wrote them. Everything else stays as it was.")
    return row


def edit_note(entry: TimelineEntry, note: str, by: User, now: datetime) -> Act | None:
    """Put other words into one's own note; whom they mention for the first time is told. None: they are the same.

    Raises NotYours.
    """
    with transaction.atomic():
        row = _own_note(entry, by)
        if row.payload.get("note") == note:
            return None
        detail = {"entry": row.pk, "before": row.payload, "after": note}
        with act("note.edited", f"edited a note about {row.account}", by, now, detail) as made:
            colleagues = people_mentioned(note, row.account)
            kept = {name: value for name, value in row.payload.items() if name != "mentions"}
            mentions = {"mentions": [name for name, _ in colleagues]} if colleagues else {}
            row.payload = {**kept, "note": note, "edited_at": now.isoformat(), **mentions}
            row.save(update_fields=["payload"])
            _tell(row.pk, row.account, [user for _, user in colleagues], by, now)
        return made


_COLUMNS = (
    "id", "account_id", "contact_id", "kind", "occurred_at", "recorded_at", "source", "actor_id", "channel", "text",
    "payload", "key",
)  # fmt: skip


def delete_note(entry: TimelineEntry, by: User, now: datetime) -> Act:
    """Take one's own note off the timeline, for good unless the act is undone. Raises NotYours."""
    with transaction.atomic():
        row = _own_note(entry, by)
        values = {name: getattr(row, name) for name in _COLUMNS}
        values |= {name: values[name].isoformat() for name in ("occurred_at", "recorded_at")}
        with act("note.deleted", f"deleted a note about {row.account}", by, now, {"row": values}) as made:
            row.delete()
        return made


_PUT_BACK = f"""
    INSERT INTO crm_timelineentry ({", ".join(_COLUMNS)})
    SELECT {", ".join(f"r.{name}" for name in _COLUMNS)}
    FROM jsonb_populate_record(NULL::crm_timelineentry, %(row)s) AS r
    ON CONFLICT DO NOTHING
"""  # noqa: S608  (names of columns)


def put_note_back(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of a deletion. Whom the note was about may be gone meanwhile; then it is about the customer."""
    row = dict(done.detail["row"])
    if not Account.objects.filter(pk=row["account_id"]).exists():
        return Undone(0, [Kept("The note", "", None, "", None, "the customer is gone")])
    if row["contact_id"] and not Contact.objects.filter(pk=row["contact_id"]).exists():
        row["contact_id"] = None
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"row": Jsonb(row)}
        cursor.execute(_PUT_BACK, values)
        return Undone(int(cursor.rowcount))


def take_edit_back(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of a change, unless the note was changed again or is gone."""
    said = done.detail
    row = TimelineEntry.objects.select_for_update(no_key=True).filter(pk=said["entry"]).first()
    if row is None or row.payload.get("note") != said["after"]:
        because = "the note is gone" if row is None else "it was changed again since"
        return Undone(0, [Kept("The note", "text", row and row.payload.get("note"), "", None, because)])
    row.payload = said["before"]
    row.save(update_fields=["payload"])
    return Undone(1)
