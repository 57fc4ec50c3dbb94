"""People of ours are told what concerns them: by the bell, and on the next morning by mail what they have not read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, NullIf
from psycopg.types.json import Jsonb

from crm import slots
from crm.history.models import Act
from crm.outbox.models import Notification, NotificationQuerySet
from crm.team.models import User

__all__ = ["Told", "fall_or_rise", "mark_read", "mark_unread", "notify", "tell_each"]

_INSERT = """
    INSERT INTO crm_notification (user_id, kind, text, url, account_id, created_at, key, told_in)
    SELECT u.id, %(kind)s, %(text)s, %(url)s, %(account)s, %(now)s, %(key)s,
        CASE WHEN %(falls)s THEN nullif(current_setting('holdfast.act', true), '')::bigint END
    FROM crm_user u
    LEFT JOIN crm_notificationpreference p ON p.user_id = u.id AND p.kind = %(kind)s
    WHERE u.id = ANY(%(users)s) AND u.is_active AND coalesce(p.way, %(way)s) <> 'off'
    ORDER BY u.id
    ON CONFLICT (user_id, key) DO NOTHING
"""

_LONGEST = Notification._meta.get_field("text").max_length or 0


def notify(
    users: Iterable[User | int],
    kind: str,
    text: str,
    url: str,
    now: datetime,
    key: str | None = None,
    account_id: int | None = None,
    by: User | None = None,
) -> int:
    """Tell these users (or ids), in the caller's transaction and one statement; returns how many are told.

    `kind` is a name in `slots.notification_kinds` (KeyError for another). With a `key` each user is told once, whatever
    is repeated. Nobody is told what they did themselves (`by`), nor of a kind that they switched off. With `account_id`
    only those read it who may see that customer then. `url` is a path of ours. A longer text than fits is cut. Kinds
    that fall with their act belong to the one of crm.history that is going on: write what it changes before.
    """
    of = slots.notification_kinds[kind]
    told = {user if isinstance(user, int) else user.pk for user in users} - {by.pk if by else None}
    if not told:
        return 0
    values: dict[str, Any] = {
        "users": sorted(told), "kind": kind, "text": text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…",
        "url": url, "account": account_id, "now": now, "key": key, "way": of.way, "falls": of.falls,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        return int(cursor.rowcount)


@dataclass(frozen=True, slots=True)
class Told:
    """What one user is told, once by its key."""

    user_id: int
    text: str
    url: str
    key: str
    account_id: int | None = None


_INSERT_EACH = """
    INSERT INTO crm_notification (user_id, kind, text, url, account_id, created_at, key)
    SELECT u.id, %(kind)s, t.text, t.url, t.account_id, %(now)s, t.key
    FROM jsonb_to_recordset(%(told)s) AS t(user_id bigint, text text, url text, key text, account_id bigint)
    JOIN crm_user u ON u.id = t.user_id
    LEFT JOIN crm_notificationpreference p ON p.user_id = u.id AND p.kind = %(kind)s
    WHERE u.is_active AND coalesce(p.way, %(way)s) <> 'off'
    ORDER BY u.id, t.key
    ON CONFLICT (user_id, key) DO NOTHING
"""


def tell_each(told: Sequence[Told], kind: str, now: datetime) -> int:
    """As `notify`, for many texts at once that no act of a person's brought; returns how many are new."""
    if not told:
        return 0
    rows = [{**asdict(one), "text": one.text[:_LONGEST]} for one in told]
    values: dict[str, Any] = {"told": Jsonb(rows), "kind": kind, "way": slots.notification_kinds[kind].way, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_EACH, values)
        return int(cursor.rowcount)


@transaction.atomic
def mark_read(user: User, now: datetime, *, upto: int | None = None, only: int | None = None) -> int:
    """Those unread up to an id, or one; returns how many. What is read already keeps its moment."""
    rows = Notification.objects.filter(user=user, read_at=None)
    rows = rows.filter(pk=only) if only is not None else rows.filter(pk__lte=upto or 0)
    return _locked(rows).update(read_at=now)


@transaction.atomic
def mark_unread(user: User, read_at: datetime) -> int:
    """Take back a `mark_read`, which is known by its moment."""
    return _locked(Notification.objects.filter(user=user, read_at=read_at)).update(read_at=None)


@transaction.atomic
def fall_or_rise(act: Act, stands: bool, now: datetime) -> None:
    """For crm.history: what an act told is gone from all bells when it is undone, and back, as it was, when it stands
    again.
    """
    told = Notification.objects.filter(told_in=act.pk)
    if stands:
        unread = NullIf(F("read_at"), F("withdrawn_at"))
        _locked(told.exclude(withdrawn_at=None)).update(read_at=unread, withdrawn_at=None)
    else:
        _locked(told.filter(withdrawn_at=None)).update(read_at=Coalesce("read_at", now), withdrawn_at=now)


def _locked(rows: NotificationQuerySet) -> NotificationQuerySet:
    """In the order of their ids, as the digest locks them: two who change the same rows wait instead of failing."""
    return Notification.objects.filter(
        pk__in=list(rows.order_by("id").select_for_update().values_list("pk", flat=True))
    )
