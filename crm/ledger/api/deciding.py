"""What somebody decides about a contract that runs: each a POST that answers with the contract as it is then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from drf_spectacular.helpers import lazy_serializer
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.ledger.actions import changing, leaving
from crm.ledger.models import CancelReason, Contract
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Day, StrictSerializer

#: What each verb answers: the contract as it is now. By its name, since its room imports this one.
_DECIDED = {201: lazy_serializer("crm.ledger.api.contracts.ContractSerializer")()}


class ReasonField(serializers.SlugRelatedField):  # type: ignore[type-arg]
    """Why they leave: the name of one under Settings."""

    default_error_messages = {"does_not_exist": "There is no such reason: {value}."}

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="name", queryset=CancelReason.objects.filter(archived_at=None), **options)


class TermsSerializer(StrictSerializer):
    mrr = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, help_text="A month, in its currency.")
    from_day = Day(required=False, help_text="Left out: today.")
    plan = serializers.CharField(max_length=120, required=False, allow_blank=True, help_text="Left out: as it is.")


class LeavingSerializer(StrictSerializer):
    reason = ReasonField()
    note = serializers.CharField(max_length=400, required=False, allow_blank=True)
    effective_on = Day(required=False, help_text="The first day without it. Left out: the end of the term, or today.")


class SavingSerializer(StrictSerializer):
    reason = ReasonField()
    note = serializers.CharField(max_length=400, required=False, allow_blank=True)
    by = serializers.ChoiceField(("pause", "discount"))
    percent = serializers.IntegerField(required=False, min_value=1, max_value=100)
    months = serializers.IntegerField(required=False, min_value=1, max_value=24)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["by"] == "discount" and not {"percent", "months"} <= data.keys():
            raise ValidationError({"percent": ["Say how many percent less, and for how many months."]})
        return data


class NothingSerializer(StrictSerializer):
    """An empty body."""


type _Verb = Callable[[Contract, dict[str, Any], Any, datetime], object]


class Deciding:
    """Mixed into the resource of contracts."""

    def _decide(self: Any, request: Request, pk: str, form: type[StrictSerializer], verb: _Verb) -> Response:
        with transaction.atomic():
            row = self.locked(request, pk)
            asked = form(data=request.data)
            asked.is_valid(raise_exception=True)
            try:
                verb(row, dict(asked.validated_data), request.user, clock.now())
            except changing.ChangeError as error:
                raise ValidationError({error.field or "contract": [str(error)]}) from None
        return self.answer(self.fresh(row), 201)  # type: ignore[no-any-return]

    @extend_schema(request=TermsSerializer, responses=_DECIDED, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def change(self: Any, request: Request, pk: str) -> Response:
        """Upgrade or downgrade from a day on."""

        def verb(row: Contract, data: dict[str, Any], by: Any, now: datetime) -> object:
            return changing.change(row, changing.NewTerms(**({"from_day": clock.today(now)} | data)), by, now)

        return self._decide(request, pk, TermsSerializer, verb)  # type: ignore[no-any-return]

    @extend_schema(request=LeavingSerializer, responses=_DECIDED, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def cancellation(self: Any, request: Request, pk: str) -> Response:
        """End it, for a reason: at the end of its term, or on a day."""

        def verb(row: Contract, data: dict[str, Any], by: Any, now: datetime) -> object:
            today = clock.today(now)
            on = data.get("effective_on") or leaving.end_of_period(row, today) or today
            return leaving.cancel(row, leaving.Asked(data["reason"], data.get("note", "")), on, by, now)

        return self._decide(request, pk, LeavingSerializer, verb)  # type: ignore[no-any-return]

    @extend_schema(request=SavingSerializer, responses=_DECIDED, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def saving(self: Any, request: Request, pk: str) -> Response:
        """They wanted to leave, and stay for a pause or a discount."""

        def verb(row: Contract, data: dict[str, Any], by: Any, now: datetime) -> object:
            asked = leaving.Asked(data["reason"], data.get("note", ""))
            if data["by"] == "pause":
                return leaving.save_by_pause(row, asked, by, now)
            less = leaving.Discount(data["percent"], data["months"])
            return leaving.save_by_discount(row, asked, less, by, now)

        return self._decide(request, pk, SavingSerializer, verb)  # type: ignore[no-any-return]

    @extend_schema(request=NothingSerializer, responses=_DECIDED, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def reinstatement(self: Any, request: Request, pk: str) -> Response:
        """They stay after all, or come back from today on."""
        verb: _Verb = lambda row, data, by, now: leaving.reinstate(row, by, now)  # noqa: E731
        return self._decide(request, pk, NothingSerializer, verb)  # type: ignore[no-any-return]

    @extend_schema(request=NothingSerializer, responses=_DECIDED, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def pause(self: Any, request: Request, pk: str) -> Response:
        """A customer still, who pauses."""
        verb: _Verb = lambda row, data, by, now: changing.pause(row, by, now)  # noqa: E731
        return self._decide(request, pk, NothingSerializer, verb)  # type: ignore[no-any-return]

    @extend_schema(request=NothingSerializer, responses=_DECIDED, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def resumption(self: Any, request: Request, pk: str) -> Response:
        """The pause is over."""
        verb: _Verb = lambda row, data, by, now: changing.resume(row, by, now)  # noqa: E731
        return self._decide(request, pk, NothingSerializer, verb)  # type: ignore[no-any-return]
