"""Keyset pages: a page's edge is the last row's sort value and id, so the 1,000th page costs what the first does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core import exceptions
from django.db.models import F, Field, OuterRef, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework import pagination
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from crm.web import clock

#: Before and after the point of a number; our columns have fewer.
_MOST_DIGITS = 30


class BadCursor(ValueError):
    """The cursor in the address is not one of ours."""


@dataclass(frozen=True)
class Sort:
    """A sort that an index serves. `expression` is a field or annotation of the queryset; ties break by id.

    Null values come last in both directions. `groups` are for a foreign key: rows stand in the order of what they point
    at, which is few (all of it is asked for), and by id among those that point at the same; served by an index over
    (key, id). Those that point at nothing come last. `mirrored`: descending and nullable, by an ascending index that is
    read backwards, the values first and the nulls after them. `key`: the expression stands in a table beside, which has
    one row for each of ours; it is how that table names ours, as its index has it.
    """

    expression: str
    descending: bool = False
    nullable: bool = False
    mirrored: bool = False
    groups: Callable[[], QuerySet[Any]] | None = None
    key: str = "id"


@dataclass(frozen=True)
class Page[T]:
    rows: Sequence[T]
    next: str | None  # cursor of the following page


def keyset_page(rows: QuerySet[Any], sort: Sort, cursor: str | None = None, size: int = 50) -> Page[Any]:
    """One page of `rows`, which may be dicts (`.values()`, with id and the sort's expression). Raises BadCursor."""
    edge = _decode(cursor, rows, sort) if cursor else None
    found = (_grouped if sort.groups else _sorted)(rows, sort, edge, size + 1)
    more = len(found) > size
    found = found[:size]
    return Page(found, cursor_at(_value(found[-1], sort.expression), _id(found[-1])) if more else None)


type Edge = tuple[Any, int]


def _sorted(rows: QuerySet[Any], sort: Sort, edge: Edge | None, limit: int) -> list[Any]:
    """The rows behind the edge: one range of the index, and a second one where values end and nulls begin."""
    field, at = F(sort.expression), F(sort.key)
    if sort.key != "id":
        rows = rows.filter(**{f"{sort.key}__isnull": False})  # which says that no row is without, so its index serves
    last = {"nulls_last": True} if sort.nullable and not sort.mirrored else {}
    rows = rows.order_by(*((field.desc(**last), at.desc()) if sort.descending else (field.asc(**last), at.asc())))
    if edge is None and not sort.mirrored:
        return list(rows[:limit])
    nulls = rows.filter(**{f"{sort.expression}__isnull": True})
    if edge is None:
        found = list(rows.filter(**{f"{sort.expression}__isnull": False})[:limit])
        return found + list(nulls[: limit - len(found)]) if len(found) < limit else found
    value, last_id = edge
    if value is None:
        return list(nulls.filter(**{f"{sort.key}__{'lt' if sort.descending else 'gt'}": last_id})[:limit])
    # Row by row, as the index stands: an OR of both parts would be read from the beginning.
    beyond = TupleLessThan if sort.descending else TupleGreaterThan
    found = list(rows.filter(beyond(Tuple(field, at), (value, last_id)))[:limit])
    if sort.nullable and len(found) < limit:
        found += nulls[: limit - len(found)]
    return found


def edge_of(rows: QuerySet[Any], sort: Sort, cursor: str) -> Edge:
    """What a page begins behind: a value of the sort, and an id. Raises BadCursor."""
    return _decode(cursor, rows, sort)


def row_before(rows: QuerySet[Any], sort: Sort, cursor: str) -> Any:
    """The row in front of a page's edge, the edge itself not counted; None: it is the first. Raises BadCursor.

    For sorts of the rows' own: without groups, nor by a table beside.
    """
    value, last_id = _decode(cursor, rows, sort)
    field = F(sort.expression)
    turned = rows.order_by(*((field.asc(), "id") if sort.descending else (field.desc(), "-id")))
    filled = turned.filter(**{f"{sort.expression}__isnull": False}) if sort.nullable else turned
    if value is not None:
        nearer = TupleGreaterThan if sort.descending else TupleLessThan
        return filled.filter(nearer(Tuple(field, F("id")), (value, last_id))).first()
    nulls = turned.filter(**{f"{sort.expression}__isnull": True, f"id__{'gt' if sort.descending else 'lt'}": last_id})
    return nulls.first() or filled.first()


def _grouped(rows: QuerySet[Any], sort: Sort, edge: Edge | None, limit: int) -> list[Any]:
    """The rest of the group that the edge lies in, then the heads of the groups behind it, then those without one."""
    assert sort.groups
    key, groups = sort.expression, sort.groups()
    order: list[Any] = [*groups.values_list("pk", flat=True), None]
    group, last_id = edge or (order[0], None)
    if group not in order:
        raise BadCursor("What this page began behind is no longer there. Start again from the first page.")
    behind = order[order.index(group) + 1 :]
    found = _of_group(rows, key, group, last_id, limit)
    if len(found) < limit and any(behind):
        heads = rows.filter(**{key: OuterRef("pk")}).order_by("id").values("id")[: limit - len(found)]
        by_group = dict(groups.filter(pk__in=behind[:-1]).values_list("pk", ArraySubquery(heads)))
        ids = [pk for other in behind[:-1] for pk in by_group.get(other, ())][: limit - len(found)]
        by_id = {_id(row): row for row in rows.filter(pk__in=ids)} if ids else {}
        found += [by_id[pk] for pk in ids if pk in by_id]
    if len(found) < limit and behind:
        found += _of_group(rows, key, None, None, limit - len(found))
    return found


def _of_group(rows: QuerySet[Any], key: str, group: Any, last_id: int | None, limit: int) -> list[Any]:
    # Sorted by the key as well, since that is how Postgres sees that the index on (key, id) serves it for nulls.
    members = rows.filter(**({f"{key}__isnull": True} if group is None else {key: group})).order_by(key, "id")
    members = members if last_id is None else members.filter(id__gt=last_id)
    # First their ids, out of the index: asked for in one go with what stands in tables beside, Postgres merges these
    # from their first row up to where the page begins.
    return list(rows.filter(pk__in=members.values("id")[:limit]).order_by("id"))


def _id(row: Any) -> int:
    return int(row["id"] if isinstance(row, dict) else row.pk)


def _value(row: Any, field: str) -> Any:
    if isinstance(row, dict):
        return row[field]
    for part in field.split("__"):
        row = getattr(row, part)
    return row


def cursor_at(value: Any, pk: int) -> str:
    """The cursor of the page behind the row that has this sort value and id."""
    if isinstance(value, (date, datetime)):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    return base64.urlsafe_b64encode(json.dumps([value, pk]).encode()).decode().rstrip("=")


#: What reading a damaged cursor may raise: deep JSON, endless numbers and values of another type included.
_DAMAGE = (ValueError, TypeError, ArithmeticError, RecursionError, exceptions.ValidationError)


def _decode(cursor: str, rows: QuerySet[Any], sort: Sort) -> tuple[Any, int]:
    """The edge: a value that the sort's column can have, and an id. Raises BadCursor."""
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return _typed(value, rows, sort), int(pk)
    except _DAMAGE as error:
        raise BadCursor("That page address is damaged. Start again from the first page.") from error


def _typed(value: Any, rows: QuerySet[Any], sort: Sort) -> Any:
    """As the column has it. Raises one of _DAMAGE for what Postgres would refuse."""
    if value is None:
        if sort.nullable or sort.groups:
            return None
        raise ValueError("no row of this sort is without a value")
    if isinstance(value, (list, dict)):
        raise TypeError("no column holds such a value")
    if isinstance(value, str) and "\0" in value:
        raise ValueError("no text in Postgres holds NUL")
    value = _field(rows, sort.expression).to_python(value)
    match value:
        case str():
            value.encode()  # half a surrogate pair is no text
        case Decimal() if not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS:
            raise ValueError("no column holds such a number")
        case datetime() if value.tzinfo is None:
            raise ValueError("a moment of ours has an offset")
    return value


def _field(rows: QuerySet[Any], expression: str) -> Field[Any, Any]:
    """The field of the model, of one it leads to, or of the annotation, by which the rows are sorted."""
    if annotation := rows.query.annotations.get(expression):
        return annotation.output_field  # type: ignore[no-any-return]
    *path, name = expression.split("__")
    model: Any = rows.model
    for part in path:
        model = model._meta.get_field(part).related_model
    return model._meta.get_field(name)  # type: ignore[no-any-return]


#: What pages of the API are ordered by, besides moments.
_WHOLE_NUMBERS = ("id", "line")


class CursorPagination(pagination.CursorPagination):
    """The API's pages: newest first by id, or as the view's `ordering` says; up to 200 rows."""

    ordering = "-id"
    page_size_query_param = "limit"
    max_page_size = 200

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        return getattr(view, "ordering", ("-id",))

    def get_page_size(self, request: Request) -> int | None:
        asked = request.query_params.get("limit")
        if asked is not None and not (asked.isascii() and asked.isdigit() and 0 < int(asked[:9]) <= self.max_page_size):
            raise ValidationError({"limit": [f"must be a number from 1 to {self.max_page_size}"]})
        return super().get_page_size(request)

    def decode_cursor(self, request: Request) -> Any:
        """Also refuses a position that the ordering's column cannot have."""
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        try:
            if self.ordering[0].lstrip("-") in _WHOLE_NUMBERS:
                fits = position.isascii() and position.isdigit() and len(position) <= 18
            else:
                fits = bool(clock.parse(position))
        except (ValueError, OverflowError):
            fits = False
        if not fits:
            raise NotFound(self.invalid_cursor_message)
        return cursor
