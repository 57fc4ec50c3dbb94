"""What admins do with fields. Nothing here loses a value: what goes can come back, and says how much it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from crm.fields import known
from crm.fields.asking import expression
from crm.fields.models import CustomField
from crm.fields.rules import WITH_OPTIONS, Definition, key_of
from crm.history.actions import act
from crm.history.bulk.acting import begin, form_of
from crm.history.bulk.choosing import Chosen
from crm.history.models import Act
from crm.history.undoing import Undone, undoers
from crm.segments.filters import OPERATORS
from crm.slots import bulk_actions, filter_subjects
from crm.team.models import User

#: Which neighbour a field or an option changes places with.
WAYS = {"up": -1, "down": 1}


def make(values: Mapping[str, Any], by: User, now: datetime) -> tuple[CustomField, Act]:
    """A field, behind the others of its group."""
    with act("field.made", f"made the field “{values['name']}”", by, now) as deed:
        last = CustomField.objects.filter(subject=values["subject"], group=values.get("group", "")).order_by("-order")
        place = (last.values_list("order", flat=True).first() or 0) + 1
        made = CustomField.objects.create(**values, order=place, created_at=now, updated_at=now)
        deed.detail = {"field": made.pk}
        known.forget()
    return made, deed


def change(row: CustomField, values: Mapping[str, Any], by: User, now: datetime) -> Act:
    """Everything but its subject, key and type, which say what its values mean."""
    with act("field.changed", f"changed the field “{values.get('name', row.name)}”", by, now) as deed:
        _keep(row, values, now)
    return deed


def archive(row: CustomField, by: User, now: datetime) -> Act:
    """Nobody sees it any more; its values stay as they are."""
    with act("field.archived", f"archived the field “{row.name}”", by, now) as deed:
        _keep(row, {"archived_at": now}, now)
    return deed


def restore(row: CustomField, by: User, now: datetime) -> Act:
    with act("field.restored", f"brought back the field “{row.name}”", by, now) as deed:
        _keep(row, {"archived_at": None}, now)
    return deed


def move(row: CustomField, way: str, by: User, now: datetime) -> None:
    """One place “up” or “down” inside its group; at the end of it it stays where it is."""
    with act("field.moved", f"moved the field “{row.name}” {way}", by, now):
        beside = CustomField.objects.filter(subject=row.subject, group=row.group, archived_at=None)
        order = list(beside.select_for_update().in_order())
        at = next((n for n, one in enumerate(order) if one.pk == row.pk), None)  # none: archived meanwhile
        if at is not None and _swap(order, range(len(order)), at, way):
            for place, one in enumerate(order, 1):
                if one.order != place:
                    _keep(one, {"order": place}, now)


def _swap(found: list[Any], places: Sequence[int], at: int, way: str) -> bool:
    """Change what stands at `places[at]` with its neighbour among these places; False: there is none."""
    beside = at + WAYS[way]
    if not 0 <= beside < len(places):
        return False
    here, there = places[at], places[beside]
    found[here], found[there] = found[there], found[here]
    return True


def _keep(row: CustomField, values: Mapping[str, Any], now: datetime) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = now
    row.save(update_fields=[*values, "updated_at"])
    known.forget()


# Options ----------------------------------------------------------------------------------------------------------


def with_options(options: list[dict[str, Any]], labels: list[str]) -> list[dict[str, Any]]:
    """With further ones of these labels behind them. One that was removed comes back under its old code."""
    found = [dict(one) for one in options]
    taken = {one["code"] for one in found}
    for label in labels:
        old = next((one for one in found if one["label"].casefold() == label.casefold()), None)
        if old:
            old.pop("gone", None)
            continue
        base = key_of(label) or "option"
        code, n = base, 1
        while code in taken:
            n += 1
            code = f"{base}_{n}"
        taken.add(code)
        found.append({"code": code, "label": label})
    return found


def moved(options: list[dict[str, Any]], code: str, way: str) -> list[dict[str, Any]]:
    """With this option one place “up” or “down” among those that are offered; an unknown one moves nothing."""
    found = list(options)
    offered = [at for at, one in enumerate(found) if not one.get("gone")]
    place = next((n for n, at in enumerate(offered) if found[at]["code"] == code), None)
    if place is not None:
        _swap(found, offered, place, way)
    return found


def holding(of: Definition, code: str) -> QuerySet[Any]:
    """Records that hold the option."""
    assert of.type in WITH_OPTIONS
    model: Any = filter_subjects[of.subject].model
    name = "is" if of.type == "choice" else "has"
    asked = OPERATORS[of.kind.asked][name].sql(expression(of), code, None)  # type: ignore[arg-type]
    return model._default_manager.filter(Q(asked)).order_by()  # type: ignore[no-any-return]


def filled(of: Definition) -> QuerySet[Any]:
    """Records that have a value."""
    model: Any = filter_subjects[of.subject].model
    return model._default_manager.filter(custom__has_key=of.key).order_by()  # type: ignore[no-any-return]


def remove_option(row: CustomField, code: str, instead: str, by: User, now: datetime) -> Act:
    """The option is offered no more; records that hold it get `instead`, or nothing. A worker does it for many."""
    label = next(one["label"] for one in row.options if one["code"] == code)
    with transaction.atomic(), act("field.option_removed", f"removed “{label}” from “{row.name}”", by, now) as deed:
        row = CustomField.objects.select_for_update().get(pk=row.pk)
        options = [one | {"gone": True} if one["code"] == code else one for one in row.options]
        default = _without(row.default, code)
        _keep(row, {"options": options, "default": default}, now)
        name = f"{row.subject}.option"
        form = form_of(bulk_actions[name], by, {"field": [str(row.pk)], "code": [code], "instead": [instead]})
        assert form is not None
        assert form.is_valid()
        begin(name, Chosen(holding(known.defined(row), code), None, []), form, by, now)
    return deed


def _without(default: Any, code: str) -> Any:
    if isinstance(default, list):
        return [one for one in default if one != code] or None
    return None if default == code else default


# Taking back --------------------------------------------------------------------------------------------------------


def _unmake(deed: Act, by: User | None, now: datetime) -> Undone:
    """A field that was made is archived: what people have written into it since is kept."""
    row = CustomField.objects.select_for_update().filter(pk=deed.detail.get("field"), archived_at=None).first()
    if row is None:
        return Undone(0)
    _keep(row, {"archived_at": now}, now)
    return Undone(1)


def _make_again(deed: Act, by: User | None, now: datetime) -> Undone:
    """History has brought it back from the archive."""
    return Undone(0)


def register_undoers() -> None:
    undoers.register("field.made", _unmake)
    undoers.register("redo.field.made", _make_again)
