"""The figures of a period for programs, each with the address of the customers behind it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.ledger.models import CustomerSpan, MrrMovement
from crm.segments.filters import FilterError
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.resources import Resource
from retention.metrics import names, snapshots
from retention.metrics.asking import COMPARED, OWN, READY, SLICING, asked
from retention.metrics.figures import Figures, figured
from retention.metrics.reading import PeriodError
from retention.metrics.rules import band

#: The figures that count customers; what else can be asked for by name is in `retention.metrics.names`.
_NAMED = (
    "customers_start", "customers_end", "customers_new", "customers_lost", "customers_kept", "mrr_start", "mrr_end",
    "repeat_buyers",
)  # fmt: skip


class PeriodFiguresSerializer(serializers.Serializer[Any]):
    """Rates are fractions; money is a month's, in the reporting currency; null where there is nothing to say."""

    customers_start = serializers.IntegerField()
    customers_end = serializers.IntegerField()
    customers_new = serializers.IntegerField()
    customers_lost = serializers.IntegerField()
    crr = serializers.FloatField(allow_null=True)
    churn_rate = serializers.FloatField(allow_null=True)
    mrr_start = serializers.CharField()
    mrr_end = serializers.CharField()
    nrr = serializers.FloatField(allow_null=True)
    grr = serializers.FloatField(allow_null=True)
    arpa = serializers.CharField(allow_null=True)
    ltv = serializers.CharField(allow_null=True)
    repeat_purchase_rate = serializers.FloatField(allow_null=True)
    nps = serializers.FloatField(allow_null=True)
    csat = serializers.FloatField(allow_null=True)


class MovementSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(MrrMovement.Kind.choices)
    amount = serializers.CharField(help_text="A month, signed.")
    customers = serializers.IntegerField()
    names = serializers.CharField(help_text="The list of these customers.")


class MetricsSerializer(serializers.Serializer[Any]):
    start = serializers.DateField()
    end = serializers.DateField()
    as_of = serializers.DateTimeField(allow_null=True, help_text="When it was counted; null: just now.")
    figures = PeriodFiguresSerializer()
    unsaid = serializers.DictField(child=serializers.CharField(), help_text="By figure that is null, why it is.")
    band = serializers.CharField(help_text="What the retention rate is called: great, good, low, or blank.")
    before_start = serializers.DateField()
    before_end = serializers.DateField()
    before = PeriodFiguresSerializer()
    movements = MovementSerializer(many=True)
    renewing = serializers.IntegerField(help_text="Customers whose term ends within 90 days.")
    renewing_mrr = serializers.CharField()
    names = serializers.DictField(
        child=serializers.CharField(), help_text="By figure, the list of the customers that it counts."
    )


@extend_schema_view(
    list=extend_schema(
        responses=forced_singular_serializer(MetricsSerializer),  # type: ignore[no-untyped-call]
        parameters=[
            OpenApiParameter("period", str, enum=[*READY, OWN], description="Blank: this quarter."),
            OpenApiParameter("from", str, description="Of days of one's own: whose customers are those at the start."),
            OpenApiParameter("to", str, description="And at the end."),
            OpenApiParameter("compare", str, enum=list(COMPARED), description="Blank: the time before."),
            OpenApiParameter("segment", int, description="Only customers of this segment."),
            OpenApiParameter("view", int, description="Only customers of this saved view."),
            OpenApiParameter("f", str, description="Only customers whom this filter finds."),
        ],
    )
)
class MetricsResource(Resource):
    """How well customers are kept, as far as the caller sees them, with the names behind every figure."""

    queryset = CustomerSpan.objects.all()
    serializer_class = MetricsSerializer
    permission_classes = (ScopePermission, permitted("view"))
    parameters = frozenset({"period", "from", "to", "compare", *SLICING})
    paged = frozenset[str]()
    pagination_class = None

    def get_queryset(self) -> QuerySet[Any]:
        return CustomerSpan.objects.visible_to(self.request.user)

    def list(self, request: Request) -> Response:
        now = clock.now()
        try:
            question = asked(request.query_params.dict(), request.user, now)  # type: ignore[arg-type]
        except (PeriodError, FilterError) as error:
            named = next((name for name in SLICING if request.query_params.get(name)), "period")
            raise ValidationError({named if isinstance(error, FilterError) else "period": [str(error)]}) from None
        shown = snapshots.shown(question, now)
        board, period = shown.board, question.period
        figures = figured(board.counts, period)
        found = {
            "start": period.start, "end": period.end, "as_of": shown.made_at, "figures": _told(figures),
            "unsaid": figures.unsaid, "band": band(figures.crr),
            "before_start": question.before.start, "before_end": question.before.end,
            "before": _told(figured(board.before, question.before)),
            "movements": [
                {"kind": move.kind, "amount": str(move.amount), "customers": move.customers,
                 "names": question.names(names.of_moves(move.kind, period))} for move in board.moved
            ],
            "renewing": board.renewing, "renewing_mrr": str(board.renewing_mrr),
            "names": {name: question.names(names.behind(name, period)) for name in _NAMED},
        }  # fmt: skip
        return Response(MetricsSerializer(found).data)


def _told(figures: Figures) -> dict[str, Any]:
    return dict(figures.told())
