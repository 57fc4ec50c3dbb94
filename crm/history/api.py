"""Acts in the API: who did what when, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.history.actions import NOT_THEIRS, UndoError, begin_undo, can_undo, is_theirs
from crm.history.models import Act, Run
from crm.history.outcomes import kept_by
from crm.team.models import User
from crm.team.permissions import allows
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict
from crm.web.resources import Listing, Moment, Resource, ResourceSerializer


class RunSerializer(serializers.ModelSerializer[Run]):
    """How far a worker is, of rows."""

    class Meta:
        model = Run
        fields = ("state", "total", "done", "changed", "error", "finished_at")
        read_only_fields = fields


class ActSerializer(ResourceSerializer):
    by = serializers.EmailField(source="by.email", read_only=True, allow_null=True, help_text="Null: no person.")
    undone_by = serializers.EmailField(source="undone_by.email", read_only=True, allow_null=True)
    undoes = serializers.IntegerField(source="undoes_id", read_only=True, allow_null=True)
    can_undo = serializers.SerializerMethodField(help_text="By you, now.")
    run = RunSerializer(read_only=True, allow_null=True, help_text="Null: it was done at once.")

    class Meta:
        model = Act
        fields: tuple[str, ...] = (
            "id", "kind", "label", "door", "by", "at", "undone_at", "undone_by", "undoes", "can_undo", "run",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = ("kind", "label", "door", "at", "undone_at")

    def get_can_undo(self, act: Act) -> bool:
        run: Run | None = getattr(act, "run", None)
        return can_undo(act, self.context["request"].user, clock.now()) and not (run and not run.is_over)


class KeptSerializer(serializers.Serializer[Any]):
    """A field, or with a blank `field` a whole row, that an undo left as it is."""

    record = serializers.CharField(help_text="Its name.")
    field = serializers.CharField(allow_blank=True)
    value = serializers.JSONField(allow_null=True, help_text="What it holds.")
    by = serializers.CharField(allow_blank=True, help_text="Who changed it since.")
    at = serializers.DateTimeField(allow_null=True)
    because = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """Of an undo: how many rows went back, what stays, and how many more stay than are named."""

    reverted = serializers.IntegerField()
    kept = KeptSerializer(many=True)
    unnamed = serializers.IntegerField()


class ActDetailSerializer(ActSerializer):
    outcome = serializers.SerializerMethodField(help_text="Of an act that undid another, once it is done.")

    class Meta(ActSerializer.Meta):
        fields = (*ActSerializer.Meta.fields, "outcome")

    @extend_schema_field(OutcomeSerializer(allow_null=True))
    def get_outcome(self, act: Act) -> dict[str, Any] | None:
        if act.kind != Act.UNDO or "reverted" not in act.detail:
            return None
        kept = kept_by(act, self.context["request"].user)
        known = {"reverted": act.detail["reverted"], "kept": kept, "unnamed": act.detail.get("unnamed", 0)}
        return dict(OutcomeSerializer(known).data)


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("kind", str, description="noun.verb, such as bulk.owner; edit, undo."),
            OpenApiParameter("by", str, description="E-mail."),
            OpenApiParameter("since", datetime, description="From this moment on."),
            OpenApiParameter("until", datetime, description="Before this moment."),
        ]
    ),
    retrieve=extend_schema(responses=ActDetailSerializer),
)
class ActResource(Listing, Resource):
    """What was done in one go, the latest first: one's own, and everybody's for whoever may read the audit log."""

    queryset = Act.objects.for_reading().select_related("run").defer("run__ids", "run__data", "run__place")
    serializer_class = ActSerializer
    parameters = frozenset({"kind", "by", "since", "until"})
    ordering = ("-at", "-id")
    volatile: ClassVar[frozenset[str]] = frozenset({"can_undo", "run"})

    def get_serializer_class(self) -> Any:
        return ActSerializer if self.action == "list" else ActDetailSerializer

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if not allows(self.request.user, "audit"):
            rows = rows.filter(by=self.request.user)  # one range of an index, which undos of theirs by others are not
        if "by" in asked:
            known = User.objects.filter(email=asked["by"].strip().lower()).values_list("pk", flat=True)
            rows = rows.filter(by__in=list(known))
        if "kind" in asked:
            rows = rows.filter(kind=asked["kind"])
        for name, lookup in (("since", "at__gte"), ("until", "at__lt")):
            if name in asked:
                rows = rows.filter(**{lookup: _moment(name, asked[name])})
        return rows

    @extend_schema(request=None, responses={201: ActDetailSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def undo(self, request: Request, pk: str) -> Response:
        """Take the act back, within thirty days. The answer is the act that undoes, with what went back and what stays.

        A large one is undone by a worker: `outcome` is null until `run` says that it is done.
        """
        found = get_object_or_404(self.get_queryset(), pk=pk)
        by: Any = request.user
        if not is_theirs(found, by):
            raise PermissionDenied(NOT_THEIRS)
        try:
            undoing = begin_undo(found, by, clock.now())
        except UndoError as refusal:
            raise Conflict(str(refusal)) from None
        return self.answer(self.get_queryset().get(pk=undoing.pk), 201)


def _moment(name: str, text: str) -> Any:
    try:
        return Moment().run_validation(text)
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from None
