"""Failed payments in the API: the cases, what can be decided, and tokens for products."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Listing, Resource, ResourceSerializer, StrictSerializer
from retention.dunning import reading
from retention.dunning.actions import deciding, tokens
from retention.dunning.actions.deciding import DunningError
from retention.dunning.models import DunningCase, DunningEvent, StatusToken


class EventSerializer(ResourceSerializer):
    class Meta:
        model = DunningEvent
        fields = ("id", "kind", "at", "words", "by")
        read_only_fields = fields


class CaseSerializer(ResourceSerializer):
    next = serializers.SerializerMethodField(help_text="What happens next, in words; blank when it is over.")
    amount = serializers.DecimalField(source="payment.amount", max_digits=14, decimal_places=2, read_only=True)
    currency = serializers.CharField(source="payment.currency", read_only=True)

    why = serializers.CharField(read_only=True, help_text="Why it is over; blank while it is open.")

    class Meta:
        model = DunningCase
        fields = (
            "id", "account", "payment", "amount", "currency", "episode", "state", "why", "reason", "failed_at",
            "last_failed_at", "tries", "next_at", "next", "asked_at", "stopped_at", "wants_card", "provider_at",
            "grace_ends_at", "ends_at", "note", "opened_at", "closed_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(str)
    def get_next(self, case: DunningCase) -> str:
        return reading.next_words(case)


class WhySerializer(StrictSerializer):
    reason = serializers.CharField(max_length=200)


class WordsSerializer(StrictSerializer):
    note = serializers.CharField(max_length=400, allow_blank=True)


@extend_schema_view(
    list=extend_schema(parameters=[
        OpenApiParameter("account", int), OpenApiParameter("payment", int),
        OpenApiParameter("state", str, enum=DunningCase.State.values),
    ])
)  # fmt: skip
class CaseResource(Listing, Resource):
    """Payments that failed, and what is done about each; the newest first."""

    queryset = DunningCase.objects.select_related("payment")
    serializer_class = CaseSerializer
    permission_classes = (ScopePermission, permitted("dunning"))
    parameters = frozenset({"account", "payment", "state"})

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        for name in ("account", "payment"):
            if name in asked:
                rows = rows.filter(**{f"{name}_id": self.id_of(name, asked[name])})
        if "state" in asked and asked["state"] not in DunningCase.State.values:
            raise ValidationError({"state": [f"must be one of {', '.join(DunningCase.State.values)}"]})
        return rows.filter(state=asked["state"]) if "state" in asked else rows

    @extend_schema(responses=EventSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def events(self, request: Request, pk: str) -> Response:
        """Everything that happened, the latest first."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(EventSerializer(row.events.order_by("-pk")[:200], many=True).data)

    @extend_schema(request=None, responses=CaseSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def attempt(self, request: Request, pk: str) -> Response:
        """Have it tried now; the answer comes with the next report of billing."""
        return self._decided(pk, lambda row: deciding.try_now(row, self._by(), clock.now()))

    @extend_schema(request=None, responses=CaseSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def halt(self, request: Request, pk: str) -> Response:
        """Try nothing any more; grace and mails go on."""
        return self._decided(pk, lambda row: deciding.stop(row, self._by(), clock.now()))

    @extend_schema(request=None, responses=CaseSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def resumption(self, request: Request, pk: str) -> Response:
        """Go on trying, as planned from now on."""
        return self._decided(pk, lambda row: deciding.resume(row, self._by(), clock.now()))

    @extend_schema(request=WhySerializer, responses=CaseSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def forgiveness(self, request: Request, pk: str) -> Response:
        """Let the payment go."""

        def verb(row: DunningCase) -> object:
            return deciding.forgive(row, self._told(WhySerializer, request)["reason"], self._by(), clock.now())

        return self._decided(pk, verb)

    @extend_schema(request=WordsSerializer, responses=CaseSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def note(self, request: Request, pk: str) -> Response:
        """A note for colleagues; blank takes it away."""

        def verb(row: DunningCase) -> object:
            return deciding.note(row, self._told(WordsSerializer, request)["note"], self._by(), clock.now())

        return self._decided(pk, verb)

    def _told(self, serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
        given = serializer(data=request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _decided(self, pk: str, verb: Callable[[DunningCase], object]) -> Response:
        row = get_object_or_404(self.get_queryset(), pk=pk)
        try:
            verb(row)
        except DunningError as refusal:
            raise ValidationError({"case": [str(refusal)]}) from None
        return self.answer(self.get_queryset().get(pk=pk))

    def _by(self) -> Any:
        return self.request.user


class TokenSerializer(ResourceSerializer):
    token = serializers.SerializerMethodField(help_text="What the product brings to /status/<token>/.")

    class Meta:
        model = StatusToken
        fields = ("id", "account", "token", "created_at", "revoked_at")
        read_only_fields = ("created_at", "revoked_at")

    @extend_schema_field(str)
    def get_token(self, row: StatusToken) -> str:
        return "" if row.revoked_at else tokens.text_of(row)


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("account", int)]),
    create=extend_schema(parameters=[KEY_PARAMETER]),
)
class StatusTokenResource(Creating, Listing, Resource):
    """By which a customer's product asks how their payments stand. For admins."""

    queryset = StatusToken.objects.all()
    serializer_class = TokenSerializer
    permission_classes = (ScopePermission, permitted("manage_settings", reading="manage_settings"))
    parameters = frozenset({"account"})

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        return rows.filter(account_id=self.id_of("account", asked["account"])) if "account" in asked else rows

    def write(self, serializer: Any, now: Any) -> StatusToken:
        by: Any = self.request.user
        return tokens.make(serializer.validated_data["account"], by, now)

    @extend_schema(request=None, responses=TokenSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def revocation(self, request: Request, pk: str) -> Response:
        """Nobody learns anything by it any more."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        by: Any = request.user
        tokens.revoke(row, by, clock.now())
        row.refresh_from_db()
        return self.answer(row)
