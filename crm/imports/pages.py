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
    taken = sorted(made.report["columns"].items(), key=lambda pair: _place(pair[1], titles))
    return {
        "columns": [(title, kind.columns[name].label + _counts(name, kind, plan)) for name, title in taken],
        "policies": [
            (kind.columns[name].label, words_of(kind.columns[name])[plan.policies[name]])
            for name, _ in taken if name in plan.policies
        ],
    }  # fmt: skip


def _counts(name: str, kind: slots.ImportKind, plan: Plan) -> str:
    """Which cell counts where several columns of the file go to this one."""
    if list((plan.columns or {}).values()).count(name) < 2:
        return ""
    return ", a yes in either" if kind.columns[name].kind == "yes_no" else ", the first that is filled"


def _place(named: str, titles: Sequence[str]) -> int:
    """Where in the file a column stands, or of several the first that is looked into: “Phone or MobilePhone”."""
    found = (at for at, title in enumerate(titles) if named == title or named.startswith(f"{title} or "))
    return next(found, -1)


def words_of(column: slots.ImportColumn) -> Mapping[str, str]:
    """What each policy does to this column, by its name."""
    return ADDING if column.adds else POLICIES


def changes_shown(entries: Sequence[Mapping[str, Any]], homes: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The first rows that change, each with its page if it has one; the first that are new; and what is made for them
    to belong to."""
    changed = [dict(entry, **_row(entry["table"], entry["id"])) for entry in entries if entry["id"]]
    new = [dict(entry) for entry in entries if not entry["id"]]
    return {
        "changed": changed, "new": [entry for entry in new if entry["table"] not in homes],
        "homes": [entry for entry in new if entry["table"] in homes],
    }  # fmt: skip


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
