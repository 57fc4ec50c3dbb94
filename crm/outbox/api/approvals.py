"""Mail that waits for the caller's yes, in the API. A yes obeys the same rules as one that is said on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.outbox import approving
from crm.outbox.models import OutboundMessage
from crm.outbox.settling import NotPossible
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict
from crm.web.resources import Listing, Moment, Resource, ResourceSerializer, StrictSerializer


class ApprovalSerializer(ResourceSerializer):
    """A mail as its reader would get it now."""

    workflow = serializers.CharField(source="series", read_only=True, help_text="The short name of what planned it.")
    reader = serializers.CharField(read_only=True, help_text="Whom it is for.")
    approver = serializers.EmailField(
        source="approver.email", read_only=True, allow_null=True, default=None,
        help_text="Who is asked; null: any admin.",
    )  # fmt: skip
    subject = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    due_at = Moment(read_only=True)
    expires_at = Moment(read_only=True, allow_null=True, help_text="Without a yes by then it is not sent.")

    class Meta:
        model = OutboundMessage
        fields = (
            "id", "state", "reason", "workflow", "category", "account", "contact", "reader", "approver", "subject",
            "body", "due_at", "expires_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_subject(self, message: OutboundMessage) -> str:
        return message.preview()[0]

    def get_body(self, message: OutboundMessage) -> str:
        return message.preview()[1]


class RefusalSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=200)


class WordingSerializer(StrictSerializer):
    subject = serializers.CharField(max_length=300)
    body = serializers.CharField(max_length=20_000)


class ApprovalResource(Listing, Resource):
    """What waits for a yes that the caller may give: theirs, of those they stand in for, and for admins all."""

    queryset = OutboundMessage.objects.all()
    serializer_class = ApprovalSerializer
    permission_classes = (ScopePermission, permitted("view"))
    ordering = ("due_at",)  # the first to leave first, along the index of those that wait

    def get_queryset(self) -> QuerySet[Any]:
        by: Any = self.request.user
        rows = OutboundMessage.objects.visible_to(by)
        if self.action != "reconsideration":  # what was said already no longer waits
            rows = approving.may_be_approved_by(rows, by, clock.now())
        return rows.for_list().select_related("approver").order_by("due_at", "id")

    @extend_schema(request=None, responses=ApprovalSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def approval(self, request: Request, pk: str) -> Response:
        """Yes: it leaves when its time has come, ten seconds from now at the earliest. Too late, it is `skipped`."""
        return self._said(pk, lambda by, now: approving.approve([int(pk)], by, now))

    @extend_schema(request=RefusalSerializer, responses=ApprovalSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def refusal(self, request: Request, pk: str) -> Response:
        """No, and why: it is not sent."""
        get_object_or_404(self.get_queryset(), pk=pk)
        reason = self._given(RefusalSerializer)["reason"]
        return self._said(pk, lambda by, now: approving.refuse([int(pk)], reason, by, now))

    @extend_schema(request=WordingSerializer, responses=ApprovalSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def rewording(self, request: Request, pk: str) -> Response:
        """Other words for this reader alone. It waits for a yes as before."""
        get_object_or_404(self.get_queryset(), pk=pk)
        words, by = self._given(WordingSerializer), self.request.user
        try:
            approving.reword(int(pk), words["subject"], words["body"], by, clock.now())  # type: ignore[arg-type]
        except NotPossible as refusal:
            raise Conflict(str(refusal)) from None
        except ValueError as refusal:
            raise ValidationError({"body": [str(refusal)]}) from None
        return self._one(pk)

    @extend_schema(request=None, responses=ApprovalSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def reconsideration(self, request: Request, pk: str) -> Response:
        """The caller thinks better of a yes or a no of theirs, as long as nobody has taken the mail up since."""
        return self._said(pk, lambda by, now: approving.reconsider([int(pk)], by, now))

    def _given(self, serializer: Any) -> dict[str, Any]:
        given = serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _said(self, pk: str, verb: Callable[[Any, Any], approving.Said]) -> Response:
        get_object_or_404(self.get_queryset(), pk=pk)
        said = verb(self.request.user, clock.now())
        if not (said.done or said.late):
            raise Conflict("Somebody has decided on it meanwhile, or it has left.")
        return self._one(pk)

    def _one(self, pk: str) -> Response:
        rows = OutboundMessage.objects.visible_to(self.request.user)
        return self.answer(get_object_or_404(rows.for_list().select_related("approver"), pk=pk))
