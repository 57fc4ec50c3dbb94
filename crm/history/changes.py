"""Reading changes: what each one did to which field, from before to after, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import connection, models
from django.utils.dateparse import parse_date, parse_datetime

from crm.history.models import Act
from crm.history.tracking import Tracked, tracked
from crm.history.undoing import from_json
from crm.team.models import User, VisibleQuerySet
from crm.web import wording

#: Changes of one act that a list shows; more are counted, up to MOST.
SHOWN, MOST = 3, 100
#: How many changes of a row are looked at for who wrote what stands there now.
LOOKED_BACK = 50
NOTHING = "nothing"


@dataclass(frozen=True)
class Field:
    """One field of a change; `before` and `after` are words for people."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Changed:
    """One change of one row. `fields` are empty when it was deleted."""

    id: int
    act_id: int
    of: Tracked
    pk: int
    deleted: bool
    record: str
    there: bool  # the row still exists
    fields: tuple[Field, ...]
    more: int = 0  # other changes of the same act to this table, up to MOST

    @property
    def subject(self) -> str:
        return str(self.of.model._meta.model_name)


def of_record(of: Tracked, pk: int, viewer: User, before: int | None, limit: int) -> list[Changed]:
    """The changes of one row, the latest first, behind the one with the id `before`."""
    return in_words(_latest(of, pk, before, limit), viewer)


def writers(of: Tracked, pk: int, columns: Collection[str]) -> dict[str, Act]:
    """The act that wrote what stands in each of these columns of a row now; two queries.

    Without those that nobody has changed in its latest changes.
    """
    wrote: dict[str, int] = {}
    for raw in _latest(of, pk, None, LOOKED_BACK):
        for column in {column for column, _, _ in raw.values} & set(columns):
            wrote.setdefault(column, raw.changed.act_id)
    acts = Act.objects.for_reading().in_bulk(wrote.values())
    return {column: acts[act] for column, act in wrote.items() if act in acts}


def _latest(of: Tracked, pk: int, before: int | None, limit: int) -> list[_Raw]:
    chosen = (
        "SELECT * FROM {change} WHERE pgh_obj_id = %(pk)s AND pgh_id < %(before)s ORDER BY pgh_id DESC LIMIT %(limit)s"
    )
    return _read([of], chosen, {"pk": pk, "before": before or 2**63 - 1, "limit": limit}, "pgh_id DESC")


def of_acts(acts: Sequence[Act], viewer: User, each: int = SHOWN) -> dict[int, list[Changed]]:
    """The first changes of each act, by its id; one query, and one for each table that their values name."""
    chosen = """
        SELECT first.* FROM unnest(%(acts)s::bigint[]) AS chosen(act), LATERAL (
            SELECT * FROM {change} WHERE act_id = chosen.act ORDER BY pgh_obj_id, pgh_id LIMIT %(each)s
        ) AS first
    """
    values = {"acts": [act.pk for act in acts], "each": each}
    found = _read(tracked(), chosen, values, "act_id, pgh_obj_id, pgh_id") if acts else []
    by_act: dict[int, list[Changed]] = defaultdict(list)
    for changed in in_words(found, viewer):
        by_act[changed.act_id].append(changed)
    return by_act


@dataclass(frozen=True)
class _Raw:
    """As the database has it."""

    changed: Changed
    values: tuple[tuple[str, Any, Any], ...]  # column, before, after


def _read(tables: Sequence[Tracked], chosen: str, values: Mapping[str, Any], order: str) -> list[_Raw]:
    """What is chosen of each table, in one statement: table by table, and of each in this order."""
    parts = [
        _READ.format(
            place=place, chosen=chosen.format(change=of.change._meta.db_table), change=of.change._meta.db_table,
            table=of.table, was=of.as_object("was"), then=of.as_object("behind"), now=of.as_object("present"),
        )
        for place, of in enumerate(tables)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(parts)} ORDER BY place, {order}", {**values, "most": MOST})
        return [_raw(tables[place], row) for place, *row in cursor.fetchall()]


_READ = """
    SELECT {place} AS place, was.pgh_id, was.act_id, was.pgh_obj_id, was.pgh_label, present.id IS NOT NULL, {was},
        CASE WHEN behind.pgh_id IS NULL THEN {now} ELSE {then} END,
        (SELECT count(*) FROM (SELECT FROM {change} beside WHERE beside.act_id = was.act_id LIMIT %(most)s) AS capped)
    FROM ({chosen}) AS was
    LEFT JOIN LATERAL (
        SELECT * FROM {change} WHERE pgh_obj_id = was.pgh_obj_id AND pgh_id > was.pgh_id ORDER BY pgh_id LIMIT 1
    ) AS behind ON true
    LEFT JOIN {table} present ON present.id = was.pgh_obj_id
"""


def _raw(of: Tracked, row: Sequence[Any]) -> _Raw:
    change, act, pk, label, there, was, then, beside = row
    before, after = from_json(was) or {}, from_json(then) or {}
    deleted = label == "delete"
    differing = [] if deleted else [
        (column, before[column], after.get(column))
        for column in of.columns
        if of.words(column) and before[column] != after.get(column)
    ]  # fmt: skip
    changed = Changed(
        change, act, of, pk, deleted, _name(of, after if there and not deleted else before), there, (), beside
    )
    return _Raw(changed, tuple(differing))


def _name(of: Tracked, state: Mapping[str, Any]) -> str:
    """As `str` of the row says, from the columns that people edit."""
    fields = {field.column: field.attname for field in of.model._meta.local_concrete_fields}
    return str(of.model(**{fields[column]: value for column, value in state.items() if column in fields}))


def in_words(found: Sequence[_Raw], viewer: User) -> list[Changed]:
    """With the names of what keys point at, as far as the viewer may see it."""
    names = _names(found, viewer)
    return [
        replace(
            raw.changed,
            fields=tuple(
                Field(
                    raw.changed.of.words(column),
                    _words(raw.changed.of, column, before, names),
                    _words(raw.changed.of, column, after, names),
                )
                for column, before, after in raw.values
            ),
        )
        for raw in found
    ]


type Names = dict[type[models.Model], dict[int, str]]


def _names(found: Iterable[_Raw], viewer: User) -> Names:
    """One query for each model that a changed key points at."""
    wanted: dict[Any, set[int]] = defaultdict(set)
    for raw in found:
        for column, before, after in raw.values:
            field = _fields(raw.changed.of).get(column)
            if field and field.is_relation:
                wanted[field.related_model] |= {pk for pk in (before, after) if pk is not None}
    names: Names = {}
    for model, ids in wanted.items():
        rows = model._default_manager.filter(pk__in=ids)
        seen = rows.visible_to(viewer) if isinstance(rows, VisibleQuerySet) else rows
        names[model] = {row.pk: str(row) for row in seen}
    return names


@cache
def _fields(of: Tracked) -> dict[str, Any]:
    return {field.column: field for field in of.model._meta.local_concrete_fields}


def _words(of: Tracked, column: str, value: Any, names: Names) -> str:
    if part := of.part(column):
        return NOTHING if value is None else part.said(value)
    field = _fields(of)[column]
    if value is None or value == "" or value == []:
        return dict(field.flatchoices).get("", NOTHING) if field.choices else NOTHING
    if field.is_relation:
        return names.get(field.related_model, {}).get(value, "somebody or something you cannot see")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            labels = dict(getattr(field, "base_field", field).flatchoices)
            return ", ".join(_label(one) if isinstance(one, dict) else str(labels.get(one, one)) for one in value)
        case str() if isinstance(field, models.DateTimeField):
            return _moment(parse_datetime(value)) or value
        case str() if isinstance(field, models.DateField):
            return _day(parse_date(value)) or value
    return str(value)


def _label(option: dict[str, Any]) -> str:
    """One of a list that is kept with its labels, such as the options of a field."""
    return f"{option['label']} (removed)" if option.get("gone") else str(option["label"])


def _day(value: date | None) -> str:
    return wording.day(value) if value else ""


def _moment(value: datetime | None) -> str:
    return f"{wording.day(value)}, {value:%H:%M} UTC" if value else ""
