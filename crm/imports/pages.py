"""What the pages of imports show, as templates want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps

from crm import slots
from crm.imports.models import Import
from crm.imports.rules.plans import ADDING, POLICIES, Plan
from crm.team.models import User


def columns_shown(made: Import, kind: slots.ImportKind, plan: Plan) -> dict[str, list[tuple[str, str]]]:
    """In the order of the file: its titles with what they go to, and what was decided about these."""
    titles = list(made.report.get("titles", []))
    taken = sorted(made.report["columns"].items(), key=lambda pair: titles.index(pair[1]) if pair[1] in titles else -1)
    return {
        "columns": [(title, kind.columns[name].label) for name, title in taken],
        "policies": [
            (kind.columns[name].label, words_of(kind.columns[name])[plan.policies[name]])
            for name, _ in taken if name in plan.policies
        ],
    }  # fmt: skip


def words_of(column: slots.ImportColumn) -> Mapping[str, str]:
    """What each policy does to this column, by its name."""
    return ADDING if column.adds else POLICIES


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
