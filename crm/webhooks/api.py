"""Webhooks in the API: where they go, what was told, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Editing, Listing, Moment, Resource, ResourceSerializer, StrictSerializer
from crm.webhooks import kinds
from crm.webhooks.actions import endpoints as verbs
from crm.webhooks.actions import replaying, switching
from crm.webhooks.actions.endpoints import WebhookError
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")
_FOR_ADMINS = permitted("manage_settings", reading="manage_settings")


def _refused(error: WebhookError) -> ValidationError:
    names = {"tree": "filter"}
    return ValidationError({names.get(error.field, error.field or "webhook"): [str(error)]})


class EndpointSerializer(ResourceSerializer):
    kinds = serializers.ListField(
        child=serializers.RegexField(rf"^{kinds.SHAPE}$", max_length=60), required=False, max_length=200,
        help_text="Of facts, when not everything.",
    )  # fmt: skip
    filter = serializers.JSONField(source="tree", required=False, help_text="Of accounts, in the filter language.")

    class Meta:
        model = WebhookEndpoint
        fields = (
            "id", "name", "url", "everything", "kinds", "filter", "with_texts", "is_on", "off_because", "off_since",
            "failures", "failing_since", "answered_at", "answer", "created_at",
        )  # fmt: skip
        read_only_fields = (
            "is_on", "off_because", "off_since", "failures", "failing_since", "answered_at", "answer", "created_at",
        )  # fmt: skip

    def validate_filter(self, tree: Any) -> Any:
        if not isinstance(tree, dict):
            raise serializers.ValidationError("This is no filter: it must be an object.")
        return tree


class SwitchSerializer(StrictSerializer):
    on = serializers.BooleanField()
    send_missed = serializers.BooleanField(default=False, help_text="Whether what waited is sent when it is on again.")


class PeriodSerializer(StrictSerializer):
    """All that failed from `since` to `until`, both with them."""

    since = Moment()
    until = Moment(required=False)


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="whsec_ and base64.")


class ReplaySerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text=f"Up to {replaying.COUNTED + 1:,}: more are not counted beforehand.")


@extend_schema_view(
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class WebhookResource(Creating, Editing, Listing, Resource):
    """Addresses that are told what happens here. For admins."""

    queryset = WebhookEndpoint.objects.there()
    serializer_class = EndpointSerializer
    permission_classes = (ScopePermission, _FOR_ADMINS)
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"failures", "failing_since", "answered_at", "answer", "off_because", "off_since"}
    )

    def write(self, serializer: Any, now: datetime) -> WebhookEndpoint:
        told, row = dict(serializer.validated_data), serializer.instance
        by: Any = self.request.user
        try:
            if row is None:
                return verbs.make(told, by, now)[0]
            verbs.change(row, told, by, now)
        except WebhookError as error:
            raise _refused(error) from None
        return row  # type: ignore[no-any-return]

    @extend_schema(request=None, responses=EndpointSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def rotation(self, request: Request, pk: str) -> Response:
        """Another secret. The former one signs too for a day."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        verbs.rotate(row, self._by(), clock.now())
        return self.answer(row)

    @extend_schema(request=None, responses=SecretSerializer)
    @action(detail=True, methods=["post"])
    def secret(self, request: Request, pk: str) -> Response:
        """What both sides sign with. The answer is kept nowhere."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        return Response({"secret": verbs.reveal(row, self._by(), clock.now())}, headers={"Cache-Control": "no-store"})

    @extend_schema(request=SwitchSerializer, responses=EndpointSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def switch(self, request: Request, pk: str) -> Response:
        """On, with or without what it missed, or off."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        given = SwitchSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        if given.validated_data["on"]:
            switching.switch_on(row, self._by(), clock.now(), send_missed=given.validated_data["send_missed"])
        else:
            switching.switch_off(row, self._by(), clock.now())
        row.refresh_from_db()
        return self.answer(row)

    @extend_schema(request=None, responses={204: None}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def removal(self, request: Request, pk: str) -> Response:
        """Nothing is sent there any more."""
        verbs.remove(get_object_or_404(self.get_queryset(), pk=pk), self._by(), clock.now())
        return Response(status=204)

    @extend_schema(request=PeriodSerializer, responses={202: ReplaySerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def replays(self, request: Request, pk: str) -> Response:
        """Send all that failed in a time again; a worker does it."""
        row, now = get_object_or_404(self.get_queryset(), pk=pk), clock.now()
        given = PeriodSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        try:
            asked = replaying.replay_failed(row, data["since"], data.get("until", now), self._by(), now)
        except WebhookError as error:
            raise _refused(error) from None
        return Response({"total": asked.total}, status=202)

    def _by(self) -> Any:
        return self.request.user


class DeliverySerializer(ResourceSerializer):
    webhook_id = serializers.CharField(read_only=True)

    class Meta:
        model = WebhookDelivery
        fields = (
            "id", "endpoint", "webhook_id", "kind", "state", "tries", "status", "error", "created_at", "due_at",
            "settled_at",
        )  # fmt: skip
        read_only_fields = fields


@extend_schema_view(list=extend_schema(parameters=[OpenApiParameter("webhook", int), OpenApiParameter("state", str)]))
class DeliveryResource(Listing, Resource):
    """What was told to webhooks, and what became of it; the newest first. For admins."""

    queryset = WebhookDelivery.objects.defer("body", "answer", "log")
    serializer_class = DeliverySerializer
    permission_classes = (ScopePermission, _FOR_ADMINS)
    parameters = frozenset({"webhook", "state"})
    volatile: ClassVar[frozenset[str]] = frozenset({"state", "tries", "status", "error", "due_at", "settled_at"})

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if "webhook" in asked:
            rows = rows.filter(endpoint_id=self.id_of("webhook", asked["webhook"]))
        if "state" in asked and asked["state"] not in WebhookDelivery.State.values:
            raise ValidationError({"state": [f"must be one of {', '.join(WebhookDelivery.State.values)}"]})
        return rows.filter(state=asked["state"]) if "state" in asked else rows

    @extend_schema(request=None, responses={202: DeliverySerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def replay(self, request: Request, pk: str) -> Response:
        """Send it again, under its old id."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        by: Any = request.user
        try:
            with transaction.atomic():
                replaying.replay(row, by, clock.now())
        except WebhookError as error:
            raise _refused(error) from None
        row.refresh_from_db()
        return self.answer(row, 202)
