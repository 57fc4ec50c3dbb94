"""Who may do what with fields that admins make: they define them, and whoever edits a record fills them in."""

from __future__ import annotations

from typing import Any

from tests.architecture.access_kinds import ADMINS, Row


def _field(methods: str) -> Row:
    return Row(methods, readers=ADMINS, writers=ADMINS, at=lambda world: {"pk": world.field.pk})


def _at(world: Any) -> dict[str, Any]:
    return {"pk": world.contact.pk, "name": "custom_tier"}


ROWS: dict[str, Row] = {
    "fields:list": Row(readers=ADMINS),
    "fields:new": Row("GET POST", readers=ADMINS, writers=ADMINS),
    "fields:field": _field("GET POST"),
    "fields:archival": _field("GET POST"),
    "fields:restoration": _field(""),  # it is not in the archive
    "fields:place": _field("POST"),
    "fields:option_removal": Row(
        "GET POST", readers=ADMINS, writers=ADMINS, at=lambda world: {"pk": world.field.pk, "code": "gold"}
    ),
    "contacts:fact": Row("GET POST", at=_at, foreign=True),
}
