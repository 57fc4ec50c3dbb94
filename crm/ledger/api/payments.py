"""Payments and their refunds in the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import Account
from crm.ledger.actions import payments
from crm.ledger.models import Payment, Refund
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Editing, Listing, Resource, ResourceSerializer

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")


@contextmanager
def explaining() -> Iterator[None]:
    """What a verb refuses, as the API says it."""
    try:
        yield
    except payments.PaymentError as error:
        raise ValidationError({error.field: [str(error)]}) from None


def stays(serializer: Any, account: Account) -> Account:
    """The account of a fact, which is set when it is made. Raises ValidationError."""
    if serializer.instance and account.pk != serializer.instance.account_id:
        raise ValidationError("It stays with its account.")
    return account


class RefundSerializer(ResourceSerializer):
    class Meta:
        model = Refund
        fields = ("id", "external_id", "amount", "refunded_at")
        extra_kwargs: ClassVar[Any] = {
            "amount": {"min_value": Decimal("0.01"), "help_text": "In the payment's currency."},
            "refunded_at": {"required": False, "help_text": "Left out: now."},
        }

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None


class PaymentSerializer(ResourceSerializer):
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217, such as EUR.")
    refunds = RefundSerializer(many=True, read_only=True)

    class Meta:
        model = Payment
        fields = (
            "id", "account", "contract", "external_id", "due_at", "paid_at", "amount", "currency", "rate", "status",
            "attempts", "failed_at", "failure_reason", "refunded", "refunds", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("rate", "refunded", "created_at", "updated_at")
        extra_kwargs: ClassVar[Any] = {"amount": {"min_value": 0}}

    def validate_account(self, account: Account) -> Account:
        return stays(self, account)

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None


_REFUNDS = Prefetch("refunds", Refund.objects.order_by("refunded_at", "id"))


@extend_schema_view(
    list=extend_schema(parameters=[
        OpenApiParameter("account", int), OpenApiParameter("external_id", str),
        OpenApiParameter("status", str, enum=Payment.Status.values),
    ]),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)  # fmt: skip
class PaymentResource(Creating, Editing, Listing, Resource):
    """What was due, and what became of it. Money goes back by a refund."""

    queryset = Payment.objects.prefetch_related(_REFUNDS)
    serializer_class = PaymentSerializer
    permission_classes = (ScopePermission, permitted("edit_contracts"))
    parameters = frozenset({"account", "external_id", "status"})
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {
        "payment_external_id_once": ("external_id", "Another payment has this external id."),
        "refund_external_id_once": ("external_id", "Another refund has this external id."),
    }

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if "account" in asked:
            rows = rows.filter(account_id=self.id_of("account", asked["account"]))
        if status := asked.get("status"):
            if status not in Payment.Status.values:
                raise ValidationError({"status": [f"must be one of {', '.join(Payment.Status.values)}"]})
            rows = rows.filter(status=status)
        return rows.filter(external_id=asked["external_id"]) if "external_id" in asked else rows

    def write(self, serializer: Any, now: datetime) -> Payment:
        with explaining():
            row = payments.save(serializer.instance or Payment(created_at=now), serializer.validated_data, now)
        return self._fresh(row.pk)

    def _fresh(self, pk: int) -> Payment:
        return Payment.objects.prefetch_related(_REFUNDS).get(pk=pk)

    @extend_schema(request=RefundSerializer, responses={201: PaymentSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def refunds(self, request: Request, pk: str) -> Response:
        """Money goes back; answers with the whole payment."""
        with transaction.atomic():
            row = self.locked(request, pk)
            asked = RefundSerializer(data=request.data, context=self.get_serializer_context())
            asked.is_valid(raise_exception=True)
            data, now = asked.validated_data, clock.now()
            with explaining():
                payments.refund(row, data["amount"], data.get("refunded_at", now), data.get("external_id"), now)
        return self.answer(self._fresh(row.pk), 201)
