"""How the desk does in a stretch of days, as figures for programs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.segments.days import LONGEST
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.tickets.insight import figures, reading
from crm.tickets.insight.figures import Key, Took
from crm.tickets.insight.stretch import BY, Stretch, asked
from crm.tickets.models import Ticket
from crm.web import clock
from crm.web.resources import Resource


class TookSerializer(serializers.Serializer[Any]):
    """Minutes; null without any. On the clock: as the service level counts them."""

    count = serializers.IntegerField()
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)
    median_on_clock = serializers.FloatField(allow_null=True)
    p90_on_clock = serializers.FloatField(allow_null=True)
    levelled = serializers.IntegerField(help_text="How many of them have a service level.")
    kept = serializers.IntegerField(help_text="How many of these kept it.")


class FiguresSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(allow_null=True, help_text="The id, or the channel; null: nobody, none, or all.")
    name = serializers.CharField()
    opened = serializers.IntegerField()
    answered = TookSerializer()
    solved = TookSerializer()
    reopened = serializers.IntegerField()
    rated = serializers.IntegerField()
    rated_good = serializers.IntegerField(help_text="4 or 5 of 5.")


class InsightSerializer(serializers.Serializer[Any]):
    first = serializers.DateField()
    last = serializers.DateField()
    by = serializers.ChoiceField(list(BY))
    total = FiguresSerializer()
    lines = FiguresSerializer(many=True)


@extend_schema_view(
    list=extend_schema(
        responses=forced_singular_serializer(InsightSerializer),  # type: ignore[no-untyped-call]
        parameters=[
            OpenApiParameter("from", str, description=f"The first day; at most {LONGEST} of them. Blank: 30 days."),
            OpenApiParameter("to", str, description="The last day."),
            OpenApiParameter("by", str, enum=list(BY)),
        ],
    )
)
class InsightResource(Resource):
    """What was opened, how quickly it was answered and solved, what came back, and how content customers were."""

    queryset = Ticket.objects.all()
    serializer_class = InsightSerializer
    permission_classes = (ScopePermission, permitted("tickets"))
    parameters = frozenset({"from", "to", "by"})
    paged = frozenset[str]()
    pagination_class = None

    def get_queryset(self) -> QuerySet[Any]:
        return Ticket.objects.visible_to(self.request.user)

    def list(self, request: Request) -> Response:
        stretch, viewer = _stretch(request.query_params.dict()), request.user
        took, counted = figures.took(viewer, stretch), figures.counted(viewer, stretch)  # type: ignore[arg-type]
        names = reading.names(stretch.by)
        keys = sorted({key for rows in (took, counted) for _, total, key in rows if not total}, key=str)

        def told(total: bool, key: Key, name: str) -> dict[str, Any]:
            opened, again, rated = (counted.get((what, total, key), (0, 0)) for what in ("opened", "again", "rated"))
            return {
                "key": key, "name": name, "opened": opened[0], "reopened": again[0], "rated": rated[0],
                "rated_good": rated[1], "answered": _took(took.get(("answered_at", total, key))),
                "solved": _took(took.get(("solved_at", total, key))),
            }  # fmt: skip

        lines = [told(False, key, names[key][0] if key in names else "") for key in keys]
        found = {
            "first": stretch.first, "last": stretch.last, "by": stretch.by, "total": told(True, None, "All"),
            "lines": lines,
        }  # fmt: skip
        return Response(InsightSerializer(found).data)


def _took(took: Took | None) -> dict[str, Any]:
    wall, level = (took.wall, took.clock) if took else (None, None)
    return {
        "count": took.count if took else 0, "median": wall and wall[0], "p90": wall and wall[1],
        "median_on_clock": level and level[0], "p90_on_clock": level and level[1],
        "levelled": took.levelled if took else 0, "kept": took.kept if took else 0,
    }  # fmt: skip


def _stretch(values: dict[str, str]) -> Stretch:
    """What makes no sense is refused, where the page shows the usual days."""
    found = asked(values, clock.now())
    said = {"from": str(found.first), "to": str(found.last), "by": found.by}
    if bool(values.get("from")) != bool(values.get("to")):
        raise ValidationError({"to" if values.get("from") else "from": ["Say both days, or neither."]})
    for name, value in values.items():
        if value and value != said[name]:
            raise ValidationError({name: [f"must make sense: a day not to come, or one of {', '.join(BY)}"]})
    return found
