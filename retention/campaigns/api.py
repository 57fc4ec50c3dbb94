"""Campaigns in the API: written, planned, approved and called off as on their pages, by the same form and verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.forms import model_to_dict
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.segments.models import Segment
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict, refused_by
from crm.web.resources import Creating, Editing, Listing, Moment, Resource, ResourceSerializer, StrictSerializer
from retention.campaigns import actions, reading
from retention.campaigns.actions import CampaignError
from retention.campaigns.forms import CampaignForm
from retention.campaigns.models import Campaign


class CampaignOutcomeSerializer(serializers.Serializer[Any]):
    """What became of one wording."""

    name = serializers.CharField(help_text="A or B; blank where there is one only.")
    sent = serializers.IntegerField()
    waiting = serializers.IntegerField()
    held_back = serializers.IntegerField()
    failed = serializers.IntegerField()
    answered = serializers.IntegerField(allow_null=True, help_text="Null: nobody compares two wordings.")


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"})
class HourField(serializers.TimeField):
    """Of a clock on the wall: what schemas call a time has an offset."""


class CampaignSerializer(ResourceSerializer):
    segment = serializers.PrimaryKeyRelatedField(
        queryset=Segment.objects.filter(shared=True, archived_at=None), allow_null=True, default=None,
        help_text="A shared one; null: all customers.",
    )  # fmt: skip
    workflow: Any = serializers.PrimaryKeyRelatedField(
        read_only=True, allow_null=True, help_text="What carries it out, once it is planned."
    )
    follows: Any = serializers.PrimaryKeyRelatedField(
        read_only=True, allow_null=True, help_text="It goes to those whom that one reached; null: it follows none."
    )
    hour = HourField(required=False, help_text="When it arrives, by its readers' clocks: 09:00.")
    digest = serializers.CharField(read_only=True, help_text="Of all that decides what leaves; a yes names it.")
    planned_at = Moment(read_only=True, allow_null=True)

    class Meta:
        model = Campaign
        fields = (
            "id", "name", "kind", "state", "topic", "segment", "follows", "who", "day", "hour", "over_hours", "subject",
            "body", "other_subject", "other_body", "other_share", "workflow", "digest", "made_at", "planned_at",
        )  # fmt: skip
        read_only_fields = ("state", "made_at")


class OneCampaignSerializer(CampaignSerializer):
    """With what became of it."""

    outcomes = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = (*CampaignSerializer.Meta.fields, "outcomes")
        read_only_fields = CampaignSerializer.Meta.read_only_fields

    @extend_schema_field(CampaignOutcomeSerializer(many=True))
    def get_outcomes(self, row: Campaign) -> Any:
        return CampaignOutcomeSerializer(reading.outcomes(row, clock.now()), many=True).data


class CampaignApprovalSerializer(StrictSerializer):
    digest = serializers.CharField(max_length=64, help_text="Of what was read: a yes to anything else is refused.")


@extend_schema_view(create=extend_schema(parameters=[KEY_PARAMETER]))
class CampaignResource(Creating, Editing, Listing, Resource):
    """One letter to many, on a day. What is missing is asked for when it is planned."""

    queryset = Campaign.objects.all()
    serializer_class = CampaignSerializer
    permission_classes = (ScopePermission, permitted("manage_workflows"))
    volatile: ClassVar[frozenset[str]] = frozenset({"outcomes"})

    def get_queryset(self) -> QuerySet[Any]:
        """The house's own, which everybody may read."""
        return Campaign.objects.select_related("workflow").order_by("-id")

    def get_serializer_class(self) -> Any:
        return CampaignSerializer if self.action == "list" else OneCampaignSerializer

    def write(self, serializer: Any, now: datetime) -> Campaign:
        """As the page's form does, so that both refuse the same."""
        by: Any = self.request.user
        row = serializer.instance
        known = model_to_dict(row or Campaign(), CampaignForm.Meta.fields)
        form = CampaignForm(known | _plain(serializer.validated_data), viewer=by, instance=row or Campaign())
        if not form.is_valid():
            raise refused_by(form)
        if row is None:
            return actions.make(form.written, by, now)
        return self._done(lambda: actions.write(row.pk, form.written, by, now), row.pk)

    @extend_schema(request=None, responses=OneCampaignSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def planning(self, request: Request, pk: str) -> Response:
        """It leaves on its day; in a crisis as soon as another admin has said yes."""
        return self._verb(pk, actions.plan)

    @extend_schema(request=CampaignApprovalSerializer, responses=OneCampaignSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def approval(self, request: Request, pk: str) -> Response:
        """Another admin's yes to what they have read: it leaves at once."""
        self._found(pk)
        given = CampaignApprovalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        read = given.validated_data["digest"]
        return self._verb(pk, lambda pk, by, now: actions.approve(pk, by, now, read))

    @extend_schema(request=None, responses=OneCampaignSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"], url_path="calling-off")
    @idempotent
    def calling_off(self, request: Request, pk: str) -> Response:
        """Nothing more of it leaves, from this moment on."""
        return self._verb(pk, actions.call_off)

    @extend_schema(request=None, responses=OneCampaignSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def reopening(self, request: Request, pk: str) -> Response:
        """Called off, it is a draft again, as long as nobody has got it."""
        return self._verb(pk, actions.reopen)

    @extend_schema(request=None, responses={201: OneCampaignSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def copies(self, request: Request, pk: str) -> Response:
        return self._verb(pk, actions.copy, made=True)

    @extend_schema(request=None, responses={201: OneCampaignSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"], url_path="follow-ups")
    @idempotent
    def follow_ups(self, request: Request, pk: str) -> Response:
        """Another one to exactly those whom this one reached."""
        return self._verb(pk, actions.follow_up, made=True)

    def _found(self, pk: Any) -> Campaign:
        found: Campaign = get_object_or_404(self.get_queryset(), pk=pk)
        return found

    def _verb(self, pk: str, verb: Callable[..., Any], *, made: bool = False) -> Response:
        row, by, now = self._found(pk), self.request.user, clock.now()
        if made:
            return self.answer(self._found(self._refusing(lambda: verb(row.pk, by, now)).pk), 201)
        return self.answer(self._done(lambda: verb(row.pk, by, now), row.pk))

    def _done(self, verb: Callable[[], object], pk: int) -> Campaign:
        self._refusing(verb)
        return self._found(pk)

    def _refusing(self, verb: Callable[[], Any]) -> Any:
        try:
            return verb()
        except CampaignError as refusal:
            raise Conflict(str(refusal)) from None


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """As a form takes it."""
    return {name: getattr(value, "pk", value) for name, value in said.items()}
