"""What customers are worth, and what fits them, in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import Account
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web.resources import Resource, ResourceSerializer
from retention.value import pairs, rules
from retention.value.models import AccountValue


class ValueSerializer(ResourceSerializer):
    account = serializers.IntegerField(source="account_id", read_only=True)
    signs = serializers.ListField(
        source="met", child=serializers.ChoiceField(choices=list(rules.FACTORS)), read_only=True,
        help_text="Which of the seven signs of readiness hold.",
    )  # fmt: skip

    class Meta:
        model = AccountValue
        fields = ("account", "spend", "minutes", "cost", "margin", "signs", "ready", "verdict")
        read_only_fields = fields


class RecommendedSerializer(serializers.Serializer[Any]):
    product = serializers.CharField()
    because = serializers.CharField(help_text="What they have bought already.")
    lift = serializers.CharField(help_text="So many times as often as everybody do buyers of that buy this.")


_VERDICT = OpenApiParameter("verdict", str, enum=[code for code, _ in rules.VERDICTS])


@extend_schema_view(list=extend_schema(parameters=[_VERDICT]))
class ValueResource(Resource):
    """What customers paid, cost and are ready for, as the last nightly count found it; by the id of the account.

    Money is in the reporting currency.
    """

    queryset = Account.objects.all()
    serializer_class = ValueSerializer
    permission_classes = (ScopePermission, permitted("view"))
    parameters = frozenset({"verdict"})
    http_method_names: ClassVar[list[str]] = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[Any]:
        """The customers of whom something was counted."""
        rows: Any = AccountValue.objects.visible_to(self.request.user)  # type: ignore[arg-type]
        counted = rows.filter(account=OuterRef("pk"))
        if verdict := self.request.query_params.get("verdict"):
            if verdict not in dict(rules.VERDICTS):
                raise ValidationError({"verdict": [f"must be one of {', '.join(dict(rules.VERDICTS))}"]})
            counted = counted.filter(verdict=verdict)
        return super().get_queryset().filter(Exists(counted))

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        values = self._values([account.pk for account in page])
        found = [values[account.pk] for account in page if account.pk in values]
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        of = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(self.get_serializer(self._values([of.pk])[of.pk]).data)

    def _values(self, ids: Sequence[int]) -> dict[int, AccountValue]:
        rows: Any = AccountValue.objects.visible_to(self.request.user)  # type: ignore[arg-type]
        return rows.in_bulk(ids)  # type: ignore[no-any-return]

    @extend_schema(responses=RecommendedSerializer(many=True))
    @action(detail=True, methods=["get"])
    def recommendations(self, request: Request, pk: str) -> Response:
        """Products that go with what they bought, the best first."""
        rows: Any = Account.objects.visible_to(request.user)  # type: ignore[arg-type]
        of = get_object_or_404(rows, pk=pk)
        found = pairs.recommended([of.pk]).get(of.pk, [])
        return Response(RecommendedSerializer(found, many=True).data)
