"""What the API's resources share: only visible rows, no unknown field or parameter, versions, pages by cursor."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from crm.web import clock
from crm.web.days import EARLIEST_DAY, LATEST_DAY, within
from crm.web.idempotency import idempotent
from crm.web.locks import held
from crm.web.parsing import check_text
from crm.web.problems import LARGEST_BODY, BodyTooLarge, PreconditionFailed

#: Digits that fit a bigint.
ID = "[0-9]{1,18}"


class Moment(serializers.DateTimeField):
    """UTC out; in, any offset, and UTC without one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"default_timezone": UTC} | options))

    def to_internal_value(self, value: Any) -> datetime:
        moment: datetime = super().to_internal_value(value)
        _check_day(moment.date())
        return moment


class Day(serializers.DateField):
    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        _check_day(day)
        return day


def _check_day(day: date) -> None:
    if not within(day):
        raise serializers.ValidationError(f"must lie between {EARLIEST_DAY} and {LATEST_DAY}")


class VisibleField(serializers.PrimaryKeyRelatedField):
    """The id of a row that the caller may see; another's row is like none."""

    default_error_messages = {"does_not_exist": "There is no {pk_value} here that you may see."}

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.context["request"].user)  # type: ignore[no-any-return]


def unknown_fields(serializer: serializers.Serializer[Any], data: Iterable[Any]) -> dict[str, list[str]]:
    """What was sent that the serializer does not have, by name, each with a sentence."""
    return {str(name)[:80]: ["There is no such field."] for name in data if name not in serializer.fields}


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := unknown_fields(self, data)):
            raise ValidationError(unknown)
        return super().to_internal_value(data)


class ResourceSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """Refuses fields it does not know, and read-only ones unless they say what the row says already."""

    serializer_related_field = VisibleField
    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: Moment,
        models.DateField: Day,
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            refused = self._refused(data)
            if refused:
                raise ValidationError(refused)
        return super().to_internal_value(data)

    def _refused(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        now = self.to_representation(self.instance) if isinstance(self.instance, models.Model) else {}
        fixed = {
            name: ["This cannot be set."]
            for name, field in self.fields.items()
            if field.read_only and name in data and (name not in now or now[name] != data[name])
        }
        return unknown_fields(self, data) | fixed


class Resource(viewsets.GenericViewSet[Any]):
    """A table's rows as resources. A subclass has `queryset`, `serializer_class`, and `parameters` it filters by."""

    lookup_value_regex = ID
    metadata_class = None  # the schema describes; OPTIONS need not
    http_method_names: ClassVar[list[str]] = ["get", "head", "options", "post", "put", "patch"]
    parameters: ClassVar[frozenset[str]] = frozenset()  # names of the query parameters of the list
    paged: ClassVar[frozenset[str]] = frozenset({"list"})  # actions that answer with pages
    volatile: ClassVar[frozenset[str]] = frozenset()  # fields that change by themselves: no version
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {}  # constraint → (field, sentence)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isdecimal():
            self.check_size(int(length[:18]))
        known = self.parameters if self.action == "list" else frozenset()
        known |= {"cursor", "limit"} if self.action in self.paged else frozenset()
        for name, values in request.query_params.lists():
            check_text("".join([name, *map(str, values)]))
            if name not in known:
                raise ValidationError({name[:80]: ["There is no such parameter here."]})

    def check_size(self, length: int) -> None:
        """Of the body, in bytes, before it is read. Raises BodyTooLarge."""
        if length > LARGEST_BODY:
            raise BodyTooLarge

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.request.user)  # type: ignore[no-any-return]

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        """The rows that the query parameters ask for."""
        return rows

    def id_of(self, name: str, value: str) -> int:
        """A query parameter that is an id. Raises ValidationError."""
        if not re.fullmatch(ID, value, re.ASCII):
            raise ValidationError({name: ["must be an id, a number"]})
        return int(value)

    def version(self, data: Mapping[str, Any]) -> str:
        """A strong ETag of what people and programs change; figures that move by themselves do not count."""
        lasting = {name: value for name, value in data.items() if name not in self.volatile}
        return f'"{hashlib.sha256(JSONRenderer().render(lasting)).hexdigest()[:24]}"'

    def answer(self, row: Any, status: int = 200) -> Response:
        data = self.get_serializer(row).data
        headers = {"ETag": self.version(data)}
        if status == 201:
            headers["Location"] = self.reverse_action("detail", [row.pk])
        return Response(data, status=status, headers=headers)

    def locked(self, request: Request, pk: str) -> Any:
        """The row, locked till the transaction's end, in the version that `If-Match` names."""
        row = get_object_or_404(held(self.get_queryset()), pk=pk)
        wanted = request.headers.get("If-Match")
        if wanted is not None and wanted.strip() != "*":
            # Proxies that compress make versions weak; they still name the same row.
            names = {name.strip().removeprefix("W/") for name in wanted.split(",")}
            if self.version(self.get_serializer(row).data) not in names:
                raise PreconditionFailed
        return row

    def checked(self, request: Request, row: Any = None, *, partial: bool = False) -> serializers.BaseSerializer[Any]:
        serializer = self.get_serializer(row, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return serializer

    def write(self, serializer: Any, now: datetime) -> Any:
        """Save what was checked and return the row; subclasses call their room's verbs."""
        return serializer.save(updated_at=now)


class Listing:
    """GET of pages and of one."""

    def list(self: Any, request: Request) -> Response:
        rows = self.narrowed(self.get_queryset(), request.query_params)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)  # type: ignore[no-any-return]

    def retrieve(self: Any, request: Request, pk: str) -> Response:
        return self.answer(get_object_or_404(self.get_queryset(), pk=pk))  # type: ignore[no-any-return]


class Creating:
    """POST of a new one."""

    @idempotent
    def create(self: Any, request: Request) -> Response:
        with transaction.atomic():
            row = self.write(self.checked(request), clock.now())
        return self.answer(row, 201)  # type: ignore[no-any-return]


class Editing:
    """PUT and PATCH."""

    def update(self: Any, request: Request, pk: str, *, partial: bool = False) -> Response:
        with transaction.atomic():
            row = self.locked(request, pk)
            row = self.write(self.checked(request, row, partial=partial), clock.now())
        return self.answer(row)  # type: ignore[no-any-return]

    def partial_update(self: Any, request: Request, pk: str) -> Response:
        return self.update(request, pk, partial=True)  # type: ignore[no-any-return]
