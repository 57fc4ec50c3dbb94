"""What admins do with forms. Each is an act that can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm.forms.models import FormEntry, PublicForm, PublicFormChange
from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.team.models import User

ADDED = "form.added"


def add(values: Mapping[str, Any], by: User, now: datetime) -> tuple[PublicForm, Act]:
    with act(ADDED, f"made the form “{values['name']}”", by, now) as deed:
        made = PublicForm.objects.create(**values, created_at=now)
        deed.detail["form"] = made.pk
    return made, deed


def change(form: PublicForm, values: Mapping[str, Any], by: User, now: datetime) -> Act:
    with act("form.changed", f"changed the form “{values.get('name', form.name)}”", by, now) as deed:
        for name, value in values.items():
            setattr(form, name, value)
        form.save(update_fields=list(values))
    return deed


def switch(form: PublicForm, by: User, now: datetime) -> Act:
    """Off, where it says so to visitors; or on again."""
    on = form.archived_at is not None
    with act("form.switched", f"switched the form “{form}” {'on' if on else 'off'}", by, now) as deed:
        form.archived_at = None if on else now
        form.save(update_fields=["archived_at"])
    return deed


def unadd(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo: it goes, unless somebody has filled it in or changed it since."""
    row = PublicForm.objects.filter(pk=done.detail.get("form")).select_for_update(of=("self",)).first()
    if row is None:
        return Undone(0)
    for rows, because in (
        (FormEntry.objects.filter(form=row), "somebody has filled it in since"),
        (PublicFormChange.objects.filter(pgh_obj=row.pk), "somebody has changed it since"),
    ):
        if rows.exists():
            return Undone(0, [Kept(str(row), "", None, "", None, because)])
    row.delete()
    return Undone(1)
