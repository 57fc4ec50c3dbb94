"""A field of one's own set for many records at once, and an option taken from all that hold it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db import connection

from crm.fields import known
from crm.fields.forms import ValueField
from crm.fields.models import CustomField
from crm.fields.rules import Definition
from crm.slots import BulkAction, CustomSubject, bulk_actions, custom_subjects, filter_subjects
from crm.team.models import User

#: What leaves rows alone that have the value already; locked in the order of ids.
_SET = """
    WITH locked AS MATERIALIZED (
        SELECT id FROM {table} WHERE id = ANY(%(ids)s) AND custom -> %(key)s IS DISTINCT FROM %(value)s::jsonb
        ORDER BY id FOR NO KEY UPDATE)
    UPDATE {table} t SET updated_at = %(now)s,
        custom = CASE WHEN %(value)s::jsonb IS NULL THEN t.custom - %(key)s
            ELSE t.custom || jsonb_build_object(%(key)s, %(value)s::jsonb) END
    FROM locked WHERE t.id = locked.id
"""

#: Of a list, which goes when nothing is left in it.
_REPLACE_IN_LISTS = """
    WITH locked AS MATERIALIZED (
        SELECT id FROM {table} WHERE id = ANY(%(ids)s) AND custom -> %(key)s ? %(code)s
        ORDER BY id FOR NO KEY UPDATE)
    UPDATE {table} t SET updated_at = %(now)s, custom = (t.custom - %(key)s) || jsonb_strip_nulls(jsonb_build_object(
        %(key)s, (SELECT jsonb_agg(DISTINCT kept) FROM (
            SELECT nullif(CASE WHEN held = %(code)s THEN %(instead)s ELSE held END, '') AS kept
            FROM jsonb_array_elements_text(t.custom -> %(key)s) AS held) each WHERE kept IS NOT NULL)))
    FROM locked WHERE t.id = locked.id
"""


class SetForm(forms.Form):
    """Which field, and its value; the value's control is the chosen field's, when one is chosen."""

    subject: ClassVar[str]

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.viewer = viewer
        fields = known.fields(self.subject)
        self.fields["field"] = forms.ChoiceField(
            label="Field", choices=[("", "Choose a field"), *((of.key, of.name) for of in fields)],
            widget=forms.Select(attrs={"data-chooses": ""}),
            help_text="" if fields else "There is none yet: an admin makes them in the settings.",
        )  # fmt: skip
        for of in fields:
            self.fields[f"value_{of.key}"] = field = ValueField(of, needed=False)
            field.label, field.widget.attrs["data-value-of"] = f"New value of {of.name}", of.key
        self.fields["clear"] = forms.BooleanField(required=False, label="Empty the field instead")

    def full_clean(self) -> None:
        """The other fields' values were not asked for; a form that is shown again offers them as before."""
        offered, chosen = self.fields, self.data.get(self.add_prefix("field"), "") if self.is_bound else None
        if chosen is not None:
            asked = {"field", "clear", f"value_{chosen}"}
            self.fields = {name: field for name, field in offered.items() if name in asked}
        super().full_clean()
        self.fields = offered

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        of = known.field(self.subject, data.get("field") or "")
        if of is None or self.errors:
            return data
        value = None if data.get("clear") else data.get(f"value_{of.key}")
        if value is None and not data.get("clear"):
            raise forms.ValidationError("Write the new value, or say that the field is to be emptied.")
        if value is None and of.required:
            raise forms.ValidationError(f"{of.name} must have a value, so it cannot be emptied.")
        return {"of": of, "value": value}


class OptionForm(forms.Form):
    """Used by `actions.remove_option`: nobody fills it in."""

    field = forms.ModelChoiceField(CustomField.objects.all())
    code = forms.CharField()
    instead = forms.CharField(required=False)

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)


def _set(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    of: Definition = data["of"]
    value = None if data["value"] is None else json.dumps(data["value"])
    return _run(_SET, of.subject, {"ids": list(ids), "key": of.key, "value": value, "now": now})


def _replace(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    row: CustomField = data["field"]
    if row.type == "choice":
        value = json.dumps(data["instead"]) if data["instead"] else None
        return _run(_SET, row.subject, {"ids": list(ids), "key": row.key, "value": value, "now": now})
    values = {"ids": list(ids), "key": row.key, "code": data["code"], "instead": data["instead"], "now": now}
    return _run(_REPLACE_IN_LISTS, row.subject, values)


def _run(statement: str, subject: str, values: dict[str, Any]) -> int:
    table = filter_subjects[subject].model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(statement.format(table=table), values)
        return int(cursor.rowcount)


def _said(data: dict[str, Any], rows: str) -> str:
    of: Definition = data["of"]
    return f"set {of.name} to {of.said(data['value'])[:80]} for {rows}" if data["value"] is not None else (
        f"emptied {of.name} of {rows}"
    )  # fmt: skip


def register_subject(name: str, about: CustomSubject) -> None:
    """Let admins make fields for a subject, and people set them for many."""
    custom_subjects.register(name, about)
    form = type("SetForm", (SetForm,), {"subject": name})
    setting = BulkAction("Set a field of your own", "list-plus", name, _set, _said, form, order=25)
    bulk_actions.register(f"{name}.custom", setting)
    removing = BulkAction(
        "Remove an option", "list-x", name, _replace, lambda data, rows: f"took it from {rows}", OptionForm,
        frozenset({"admin"}), listed=False,
    )  # fmt: skip
    bulk_actions.register(f"{name}.option", removing)
