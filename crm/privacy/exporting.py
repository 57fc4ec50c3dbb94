"""All that is known about a person, for the person: as JSON, and as a page that they can read."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

from django.db.models import GeneratedField
from django.template.loader import render_to_string

from crm import slots
from crm.accounts.models import Contact
from crm.fields.known import every
from crm.privacy import consent
from crm.web.encoding import dumps

#: Ours to work with, and nothing about the person.
_INNER = frozenset({"match_phone", "updated_at"})


def collect(contact: Contact, now: datetime) -> dict[str, Any]:
    """The person's own record, each word on consent, and rows of each room by the name it gives them."""
    fields = [field for field in contact._meta.concrete_fields if not isinstance(field, GeneratedField)]
    record = {field.name: getattr(contact, field.attname) for field in fields if field.name not in _INNER}
    record["custom"] = {of.name: of.said(contact.custom[of.key]) for of in every("contact") if of.key in contact.custom}
    said = [vars(word) for word in consent.history(contact)]
    rows = {
        name.removeprefix("contact_"): list(owned.export([contact.pk]))
        for name, owned in slots.owned_rows.items()
        if owned.export
    }
    return {
        "exported_at": now, "person": record | {"account": str(contact.account)}, "consent": said, **rows,
    }  # fmt: skip


def archive(contact: Contact, now: datetime) -> bytes:
    """A ZIP of data.json, for programs, and of readable.html."""
    data = collect(contact, now)
    page = render_to_string("crm/privacy/readable.html", {"contact": contact, "parts": _readable(data), "now": now})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("data.json", dumps(data, ensure_ascii=False, indent=2))
        files.writestr("readable.html", page)
    return packed.getvalue()


def _readable(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Each part as a table: its title, its columns and its rows; what is empty says so."""
    parts = []
    for name, value in data.items():
        if name == "exported_at":
            continue
        rows = [value] if isinstance(value, dict) else value
        columns = list(rows[0]) if rows else []
        parts.append({
            "title": name.replace("_", " ").capitalize(),
            "columns": [column.replace("__", " ").replace("_", " ").capitalize() for column in columns],
            "rows": [[_said(row[column]) for column in columns] for row in rows],
            "facts": [(column.replace("_", " ").capitalize(), _said(item)) for column, item in value.items()]
            if isinstance(value, dict) else [],
        })  # fmt: skip
    return parts


def _said(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
