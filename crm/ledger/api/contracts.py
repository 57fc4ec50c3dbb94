"""Contracts and their terms in the API. Whatever changes them, the account's own columns follow at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import Account
from crm.ledger.actions import project
from crm.ledger.actions.confirming import confirming
from crm.ledger.actions.deals import expected_for
from crm.ledger.actions.rates import rate_on
from crm.ledger.actions.standing import turn
from crm.ledger.actions.starting import tell_started
from crm.ledger.api.deciding import Deciding
from crm.ledger.models import Contract, ContractTerm
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import ID, Creating, Editing, Listing, Resource, ResourceSerializer

MOST_TERMS = 100
_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag of the contract as read.")
_TERM_ID = OpenApiParameter("term_id", OpenApiTypes.INT, OpenApiParameter.PATH)


class TermSerializer(ResourceSerializer):
    """Context `currency`, when known, is the contract's."""

    rate = serializers.DecimalField(
        max_digits=18, decimal_places=8, required=False, min_value=Decimal("0.00000001"),
        help_text="To the reporting currency. Left out: the one under Settings, Currencies for the term's first day.",
    )  # fmt: skip

    class Meta:
        model = ContractTerm
        fields = ("id", "starts_on", "ends_on", "mrr", "rate", "known_at")
        read_only_fields = ("known_at",)
        extra_kwargs = {"mrr": {"min_value": 0, "help_text": "A month, in the contract's currency."}}

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("ends_on") and data["ends_on"] <= data["starts_on"]:
            raise serializers.ValidationError({"ends_on": ["A term ends later than it starts."]})
        if currency := self.context.get("currency"):
            booked = {"rate": self.instance.rate} if self.instance else {}  # type: ignore[union-attr]
            data["rate"] = rate_of(booked | data, currency)
        return data


def rate_of(term: Mapping[str, Any], currency: str) -> Decimal:
    """The rate to book. Raises when the currency needs one that is missing, or has one that is wrong."""
    rate: Decimal | None = term.get("rate")
    if currency == settings.CURRENCY:
        if rate not in (None, 1):
            raise serializers.ValidationError({"rate": [f"{currency} is the reporting currency: its rate is 1."]})
        return Decimal(1)
    rate = rate or rate_on(currency, term["starts_on"])
    if rate is None:
        remedy = "Send it, or add it under Settings, Currencies."
        why = f"A term in {currency} needs its rate to {settings.CURRENCY}. {remedy}"
        raise serializers.ValidationError({"rate": [why]})
    return rate


class ContractSerializer(ResourceSerializer):
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217, such as EUR.")
    terms = TermSerializer(many=True, required=False, help_text="Set when the contract is made, then one by one.")

    class Meta:
        model = Contract
        fields = (
            "id", "account", "external_id", "plan", "status", "auto_renew", "currency", "paid_from", "cancelled_on",
            "terms", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("paid_from", "cancelled_on", "created_at", "updated_at")

    def validate_account(self, account: Account) -> Account:
        if self.instance and account.pk != self.instance.account_id:  # type: ignore[union-attr]
            raise serializers.ValidationError("A contract stays with its account.")
        return account

    def validate_external_id(self, external_id: str | None) -> str | None:
        return external_id or None

    def to_internal_value(self, data: Any) -> Any:
        """Terms that are sent back as they were read are no change."""
        terms = data.get("terms") if isinstance(data, Mapping) else None
        if self.instance and terms is not None and terms == self.to_representation(self.instance)["terms"]:
            data = {name: value for name, value in data.items() if name != "terms"}
        return super().to_internal_value(data)

    def validate_terms(self, terms: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.instance:
            raise serializers.ValidationError("Change terms one by one, under terms/.")
        if len(terms) > MOST_TERMS:
            raise serializers.ValidationError(f"A contract takes at most {MOST_TERMS} terms at once.")
        return terms

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.instance and "currency" in data and data["currency"] != self.instance.currency:  # type: ignore[union-attr]
            raise serializers.ValidationError({"currency": ["Its terms are booked in another currency."]})
        for term in data.get("terms", []):
            term["rate"] = rate_of(term, data["currency"])
        return data

    def validate_status(self, status: str) -> str:
        if status not in Contract.REPORTED and (self.instance is None or status != self.instance.status):  # type: ignore[union-attr]
            raise serializers.ValidationError("Only winning a deal makes a contract expected.")
        return status

    def create(self, data: dict[str, Any]) -> Contract:
        """One that was sold here and is expected is taken over, with the terms that are sent."""
        terms, moment = data.pop("terms", []), data["updated_at"]
        status = data.pop("status", Contract.Status.PAID)
        sold = data.get("external_id") and expected_for(data["account"].pk, data.get("plan", ""), status)
        if sold:
            with confirming(sold, self.context["request"].user, moment):
                contract = self._turn(sold, status, data)
                if terms:
                    contract.terms.all().delete()
                _book(contract, terms, moment)
            return contract
        contract = Contract(**data)
        contract.turn(status, clock.today(moment))
        contract.save()
        _book(contract, terms, moment)
        return contract

    def update(self, contract: Contract, data: dict[str, Any]) -> Contract:
        status, was, now = data.pop("status", contract.status), contract.status, data["updated_at"]
        if was == Contract.Status.EXPECTED and status in Contract.COUNTS:
            with confirming(contract, self.context["request"].user, now):
                return self._turn(contract, status, data)
        return self._turn(contract, status, data)

    def _turn(self, contract: Contract, status: str, data: dict[str, Any]) -> Contract:
        if status != contract.status:
            turn(contract, status, data["updated_at"])
        row: Contract = super().update(contract, data)
        return row


def _book(contract: Contract, terms: Iterable[Mapping[str, Any]], now: datetime) -> None:
    ContractTerm.objects.bulk_create(ContractTerm(contract=contract, known_at=now, **term) for term in terms)


_TERMS = Prefetch("terms", ContractTerm.objects.order_by("starts_on"))


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("account", int), OpenApiParameter("external_id", str)]),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class ContractResource(Deciding, Creating, Editing, Listing, Resource):
    """Subscriptions with their terms."""

    queryset = Contract.objects.prefetch_related(_TERMS)
    serializer_class = ContractSerializer
    permission_classes = (ScopePermission, permitted("edit_contracts"))
    parameters = frozenset({"account", "external_id"})
    conflicts = {
        "contract_external_id_once": ("external_id", "Another contract has this external id."),
        "term_start_once": ("starts_on", "The contract has a term with this start."),
        "term_no_overlap": ("starts_on", "The contract has another term at that time."),
    }

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if "account" in asked:
            rows = rows.filter(account_id=self.id_of("account", asked["account"]))
        return rows.filter(external_id=asked["external_id"]) if "external_id" in asked else rows

    def write(self, serializer: Any, now: datetime) -> Contract:
        contract = serializer.save(updated_at=now)
        self._booked(contract, now)
        return self.fresh(contract)

    def _booked(self, contract: Contract, now: datetime) -> None:
        """What follows from its terms and status, as they are now."""
        by: Any = self.request.user
        tell_started(contract.pk, by, now)
        project([contract.account_id], now)

    def fresh(self, contract: Contract) -> Contract:
        """With its terms as they are now."""
        return Contract.objects.prefetch_related(_TERMS).get(pk=contract.pk)

    @extend_schema(request=TermSerializer, responses={201: ContractSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"], url_path="terms", url_name="terms")
    @idempotent
    def terms(self, request: Request, pk: str) -> Response:
        """Book a further term; answers with the whole contract."""
        with transaction.atomic():
            contract = self.locked(request, pk)
            self._write_term(contract, None, request.data, clock.now())
        return self.answer(self.fresh(contract), 201)

    @extend_schema(
        request=TermSerializer, responses=ContractSerializer, parameters=[_TERM_ID, _VERSION], methods=["PUT"]
    )
    @action(detail=True, methods=["put"], url_path=f"terms/(?P<term_id>{ID})", url_name="term")
    def term(self, request: Request, pk: str, term_id: str) -> Response:
        """Replace a term; answers with the whole contract, whose version `If-Match` names."""
        with transaction.atomic():
            contract = self.locked(request, pk)
            self._write_term(contract, get_object_or_404(contract.terms, pk=term_id), request.data, clock.now())
        return self.answer(self.fresh(contract))

    def _write_term(self, contract: Contract, term: ContractTerm | None, data: Any, now: datetime) -> None:
        context = {**self.get_serializer_context(), "currency": contract.currency}
        checked = TermSerializer(term, data=data, context=context)
        checked.is_valid(raise_exception=True)
        checked.save(contract=contract, known_at=now)
        Contract.objects.filter(pk=contract.pk).update(updated_at=now)
        self._booked(contract, now)
