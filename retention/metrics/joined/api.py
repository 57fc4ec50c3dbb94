"""Cohorts as figures for programs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import Account
from crm.segments.filters import FilterError
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.resources import Resource
from retention.metrics.cohorts import MOST_MONTHS, cohorts
from retention.metrics.joined.asking import USUAL, asked
from retention.metrics.reading import PeriodError


class CellSerializer(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="The last day of the month.")
    customers = serializers.IntegerField()
    mrr = serializers.DecimalField(16, 2, help_text="A month, in the reporting currency.")
    kept = serializers.FloatField(allow_null=True, help_text="Of those who joined; null: nobody did.")
    revenue_kept = serializers.FloatField(
        allow_null=True, help_text="Of what they brought at the end of their first month; null: nothing."
    )


class CohortSerializer(serializers.Serializer[Any]):
    first = serializers.DateField(help_text="The first day of the month in which they joined.")
    joined = serializers.IntegerField()
    cells = CellSerializer(many=True)


class CohortsSerializer(serializers.Serializer[Any]):
    months = serializers.IntegerField()
    cohorts = CohortSerializer(many=True)


@extend_schema_view(
    list=extend_schema(
        responses=forced_singular_serializer(CohortsSerializer),  # type: ignore[no-untyped-call]
        parameters=[
            OpenApiParameter("months", int, description=f"1 to {MOST_MONTHS}; without it {USUAL}."),
            OpenApiParameter("segment", int, description="Only customers of this segment, as it is now."),
            OpenApiParameter("f", str, description="Only customers whom this filter finds now, as JSON."),
        ],
    )
)
class CohortResource(Resource):
    """Who joined in each of the last months that are over, and what became of them month by month."""

    queryset = Account.objects.all()
    serializer_class = CohortsSerializer
    permission_classes = (ScopePermission, permitted("view"))
    parameters = frozenset({"months", "segment", "f"})
    paged = frozenset[str]()
    pagination_class = None

    def get_queryset(self) -> QuerySet[Any]:
        return Account.objects.visible_to(self.request.user)

    def list(self, request: Request) -> Response:
        now, values = clock.now(), request.query_params.dict()
        try:
            question = asked(values, request.user, now)  # type: ignore[arg-type]
        except (PeriodError, FilterError) as error:
            named = next((name for name in ("segment", "f") if values.get(name)), "months")
            raise ValidationError({named if isinstance(error, FilterError) else "months": [str(error)]}) from None
        found = {"months": question.months, "cohorts": cohorts(question.months, now, question.whom.of)}
        return Response(CohortsSerializer(found).data)
