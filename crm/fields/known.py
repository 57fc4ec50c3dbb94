"""The fields that there are, as rules know them: read from the database only when somebody has changed one.

Whoever asks is answered from the memory of the process, if it is of the versions of rows that the database has now; a
request asks for those once, and the page of a customer brings them along.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import connection

from crm.fields.models import CustomField
from crm.fields.rules import Definition, Option
from crm.team.models import User

#: Which versions of the rows there are and, where they matter, who the colleagues are. Any change gives another text.
VERSIONS = """
    SELECT coalesce((SELECT string_agg(xmin::text || ctid::text, ',' ORDER BY id) FROM crm_customfield), '')
        || coalesce((SELECT md5(string_agg(concat_ws('|', id, name, email, is_active), ',' ORDER BY id)) FROM crm_user
            WHERE EXISTS (SELECT FROM crm_customfield WHERE type = 'user')), '')
"""

type Fields = Mapping[str, tuple[Definition, ...]]

#: (database, versions) with the fields by subject; only the latest.
_held: tuple[tuple[str, str], Fields] = (("", ""), {})
#: What a request has found out, by database.
_asked: ContextVar[dict[str, Fields] | None] = ContextVar("asked", default=None)


@contextmanager
def asking_once() -> Iterator[None]:
    """Inside the block the database is asked once whether fields have changed, and again after `forget`."""
    token = _asked.set({})
    try:
        yield
    finally:
        _asked.reset(token)


def forget() -> None:
    """A field was changed just now."""
    if (asked := _asked.get()) is not None:
        asked.clear()


def told(versions: str) -> None:
    """Another query has brought along what VERSIONS says."""
    if (asked := _asked.get()) is not None:
        asked.setdefault(_database(), _of(versions))


def every(subject: str) -> tuple[Definition, ...]:
    """Archived fields too, in their order."""
    return _fields().get(subject, ())


def fields(subject: str) -> tuple[Definition, ...]:
    """Those that are in use, in the order in which pages show them."""
    return tuple(one for one in every(subject) if not one.archived)


def field(subject: str, key: str) -> Definition | None:
    return next((one for one in fields(subject) if one.key == key), None)


def _fields() -> Fields:
    asked = _asked.get()
    if asked is not None and (known := asked.get(_database())) is not None:
        return known
    with connection.cursor() as cursor:
        cursor.execute(VERSIONS)
        known = _of(cursor.fetchone()[0])
    if asked is not None:
        asked[_database()] = known
    return known


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def _of(versions: str) -> Fields:
    global _held
    mark = (_database(), versions)
    held, known = _held
    if held != mark:
        known = _read() if versions else {}
        _held = (mark, known)
    return known


def _read() -> Fields:
    found: dict[str, list[Definition]] = defaultdict(list)
    people: tuple[Option, ...] | None = None
    for row in CustomField.objects.in_order():
        if row.type == "user" and people is None:
            people = _people()
        found[row.subject].append(defined(row, people or ()))
    return {subject: tuple(many) for subject, many in found.items()}


def _people() -> tuple[Option, ...]:
    users = User.objects.order_by("name", "id").only("name", "email", "is_active")
    return tuple(Option(str(user.pk), str(user), not user.is_active, user.email) for user in users)


def defined(row: CustomField, people: tuple[Option, ...] = ()) -> Definition:
    """As the rules take it. `people`: whom a colleague's field can name."""
    options = people if row.type == "user" else tuple(_option(one) for one in row.options)
    return Definition(
        row.pk or 0, row.subject, row.key, row.name, row.type, row.help, row.required, row.default, options,
        2 if row.type == "money" else row.decimals, row.group, row.order, row.archived_at is not None, row.often,
        settings.CURRENCY, settings.COUNTRY,
    )  # fmt: skip


def _option(said: Mapping[str, Any]) -> Option:
    return Option(said["code"], said["label"], bool(said.get("gone")))
