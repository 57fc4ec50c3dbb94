"""Keyset pages: a page's edge is the last row's sort value and id, so the 1,000th page costs what the first does."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet
from rest_framework import pagination
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from crm.web import clock


class BadCursor(ValueError):
    """The cursor in the address is not one of ours."""


@dataclass(frozen=True)
class Sort:
    """A sort that an index serves. `expression` is a field or annotation of the queryset; ties break by id.

    Null values come last in both directions.
    """

    expression: str
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Page[T]:
    rows: Sequence[T]
    next: str | None  # cursor of the following page


def keyset_page(rows: QuerySet[Any], sort: Sort, cursor: str | None = None, size: int = 50) -> Page[Any]:
    """One page of `rows`. Raises BadCursor.

    With nulls last, a nullable sort is two stretches, values then nulls; a page that ends inside the first is one
    index range scan.
    """
    field = sort.expression
    order = [F(field).desc(nulls_last=True) if sort.descending else F(field).asc(nulls_last=True)]
    tie = "-id" if sort.descending else "id"
    rows = rows.order_by(*(order if sort.nullable else [("-" if sort.descending else "") + field]), tie)
    if cursor:
        value, last_id = _decode(cursor)
        beyond = Q(id__lt=last_id) if sort.descending else Q(id__gt=last_id)
        if value is None:
            rows = rows.filter(Q(**{f"{field}__isnull": True}) & beyond)
        else:
            after = Q(**{f"{field}__{'lt' if sort.descending else 'gt'}": value}) | (Q(**{field: value}) & beyond)
            rows = rows.filter(after | Q(**{f"{field}__isnull": True}) if sort.nullable else after)
    found = list(rows[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, _encode(_value(found[-1], field), found[-1].pk) if more else None)


def _value(row: Any, field: str) -> Any:
    for part in field.split("__"):
        row = getattr(row, part)
    return row


def _encode(value: Any, pk: int) -> str:
    if isinstance(value, (date, datetime)):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    return base64.urlsafe_b64encode(json.dumps([value, pk]).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, int]:
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return value, int(pk)
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursor("That page address is damaged. Start again from the first page.") from error


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
            if self.ordering[0].lstrip("-") == "id":
                fits = position.isascii() and position.isdigit() and len(position) <= 18
            else:
                fits = bool(clock.parse(position))
        except (ValueError, OverflowError):
            fits = False
        if not fits:
            raise NotFound(self.invalid_cursor_message)
        return cursor
