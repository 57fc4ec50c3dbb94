"""The resources of pipelines and stages: everybody reads them, and who may shape pipelines changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.pipelines.actions import archiving, shaping
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.api.serializers import MoveToSerializer, PipelineSerializer, StageSerializer
from crm.pipelines.models import Pipeline, Stage
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Editing, Listing, Resource

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")


@contextmanager
def _refusing(field: str) -> Iterator[None]:
    try:
        yield
    except DealError as error:
        raise ValidationError({field: [str(error)]}) from None


class _Shape(Creating, Editing, Listing, Resource):
    permission_classes = (ScopePermission, permitted("shape"))

    def _archived(self, request: Request, pk: str, verb: Any) -> Response:
        row = get_object_or_404(self.get_queryset(), pk=pk)
        given = MoveToSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with _refusing("move_to"), transaction.atomic():
            verb(row.pk, given.validated_data.get("move_to"), request.user, clock.now())
        return self.answer(self.get_queryset().get(pk=row.pk), 201)


@extend_schema_view(
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class PipelineResource(_Shape):
    """Ways that deals go. A new one begins with a few plain stages. Archived, never deleted."""

    queryset = Pipeline.objects.order_by("pk").prefetch_related("stages")
    serializer_class = PipelineSerializer

    def get_queryset(self) -> QuerySet[Any]:
        """The house's own, which everybody sees."""
        return Pipeline.objects.order_by("pk").prefetch_related("stages")

    def write(self, serializer: Any, now: datetime) -> Pipeline:
        data, by, row = serializer.validated_data, self.request.user, serializer.instance
        with _refusing("name"):
            if row is None:
                row, _ = shaping.add_pipeline(data, by, now)  # type: ignore[arg-type]
            else:
                shaping.change_pipeline(row.pk, data, by, now)  # type: ignore[arg-type]
        return self.get_queryset().get(pk=row.pk)  # type: ignore[no-any-return]

    @extend_schema(request=MoveToSerializer, responses={201: PipelineSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def archive(self, request: Request, pk: str) -> Response:
        """Take it out of use. Its open deals go to a stage of another one; those that are closed stay."""
        return self._archived(request, pk, archiving.archive_pipeline)


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("pipeline", int)]),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class StageResource(_Shape):
    """Stages of all pipelines. A new one stands behind the last open one. Archived, never deleted."""

    queryset = Stage.objects.order_by("pk")
    serializer_class = StageSerializer
    parameters = frozenset({"pipeline"})

    def get_queryset(self) -> QuerySet[Any]:
        """The house's own, which everybody sees."""
        return Stage.objects.order_by("pk")

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        return rows.filter(pipeline=self.id_of("pipeline", asked["pipeline"])) if "pipeline" in asked else rows

    def write(self, serializer: Any, now: datetime) -> Stage:
        data, by, row = serializer.validated_data, self.request.user, serializer.instance
        with _refusing("name"):
            if row is None:
                row, _ = shaping.add_stage(data["pipeline"].pk, data, by, now)  # type: ignore[arg-type]
            else:
                shaping.change_stage(row.pk, data, by, now)  # type: ignore[arg-type]
        return self.get_queryset().get(pk=row.pk)  # type: ignore[no-any-return]

    @extend_schema(request=MoveToSerializer, responses={201: StageSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def archive(self, request: Request, pk: str) -> Response:
        """Take it out of use. Its deals go to another open stage."""
        return self._archived(request, pk, archiving.archive_stage)
