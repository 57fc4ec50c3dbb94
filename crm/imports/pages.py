"""What the pages of imports show, as templates want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps

from crm import slots
from crm.imports.models import Import
from crm.team.models import User


def changes_shown(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The first rows that change, and the first that are new, each with its page if it has one."""
    changed = [dict(entry, **_row(entry["table"], entry["id"])) for entry in entries if entry["id"]]
    return {"changed": changed, "new": [dict(entry) for entry in entries if not entry["id"]]}


def _row(table: str, pk: int) -> dict[str, str]:
    """Whoever imports may see it: rows of others are rejected."""
    row = apps.get_model(table)._default_manager.filter(pk=pk).first()
    return {"name": str(row or f"No longer there ({pk})"), "url": getattr(row, "get_absolute_url", str)()}


def twins_shown(made: Import, viewer: User) -> dict[str, Any]:
    """New rows that look like somebody who is there: how many, and the first of them by name."""
    found = made.report.get("twins") or {"rows": 0, "first": []}
    tables = slots.import_kinds[made.kind].tables
    if not found["rows"] or not tables:
        return {"rows": 0, "first": []}
    model: Any = apps.get_model(tables[0])
    there = model.objects.visible_to(viewer).in_bulk([twin["id"] for twin in found["first"]])
    first = [dict(twin, row=there[twin["id"]]) for twin in found["first"] if twin["id"] in there]
    return {"rows": found["rows"], "first": first}
