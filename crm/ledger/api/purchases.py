"""Purchases with their items in the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from crm.accounts.models import Account
from crm.ledger.actions import purchases
from crm.ledger.api.payments import explaining, stays
from crm.ledger.models import Purchase, PurchaseItem
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web.idempotency import KEY_PARAMETER
from crm.web.resources import Creating, Editing, Listing, Resource, ResourceSerializer

MOST_ITEMS = 500
_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")


class ItemSerializer(ResourceSerializer):
    class Meta:
        model = PurchaseItem
        fields = ("product", "quantity", "amount")
        extra_kwargs: ClassVar[Any] = {
            "product": {"default": ""},
            "quantity": {"min_value": 1, "max_value": 2**31 - 1, "default": 1},
            "amount": {"min_value": 0, "help_text": "Of all of them together, in the purchase's currency."},
        }


class PurchaseSerializer(ResourceSerializer):
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217, such as EUR.")
    items = ItemSerializer(many=True, help_text="In their order. Sent again, they replace those that there are.")

    class Meta:
        model = Purchase
        fields = (
            "id", "account", "contact", "external_id", "purchased_at", "currency", "rate", "items", "created_at",
            "updated_at",
        )  # fmt: skip
        read_only_fields = ("rate", "created_at", "updated_at")

    def validate_account(self, account: Account) -> Account:
        return stays(self, account)

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None

    def validate_items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not 1 <= len(items) <= MOST_ITEMS:
            raise ValidationError(f"A purchase has 1 to {MOST_ITEMS} items.")
        if any("amount" not in item for item in items):  # which nobody asks for in a PATCH
            raise ValidationError("Each item needs its amount.")
        return items

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Whoever bought is one of the customer's people."""
        there = self.instance
        buyer = data.get("contact")
        account = data["account"].pk if "account" in data else there.account_id  # type: ignore[union-attr]
        if buyer and buyer.account_id != account:
            raise ValidationError({"contact": ["This person is another customer's."]})
        return data


_ITEMS = Prefetch("items", PurchaseItem.objects.order_by("place"))


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("account", int), OpenApiParameter("external_id", str)]),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class PurchaseResource(Creating, Editing, Listing, Resource):
    """What customers bought, once and piece by piece."""

    queryset = Purchase.objects.prefetch_related(_ITEMS)
    serializer_class = PurchaseSerializer
    permission_classes = (ScopePermission, permitted("edit_contracts"))
    parameters = frozenset({"account", "external_id"})
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {
        "purchase_external_id_once": ("external_id", "Another purchase has this external id."),
    }

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if "account" in asked:
            rows = rows.filter(account_id=self.id_of("account", asked["account"]))
        return rows.filter(external_id=asked["external_id"]) if "external_id" in asked else rows

    def write(self, serializer: Any, now: datetime) -> Purchase:
        data = dict(serializer.validated_data)
        items = data.pop("items", None)
        with explaining():
            row = purchases.save(serializer.instance or Purchase(created_at=now), data, items, now)
        return Purchase.objects.prefetch_related(_ITEMS).get(pk=row.pk)
