"""What customers said of how they were helped, and until when the desk promises to answer and solve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.tickets import clocks
from crm.tickets.models import ServiceLevel, Ticket, TicketRating
from crm.tickets.rules.targets import LONGEST, ends_before_it_begins
from crm.web.idempotency import KEY_PARAMETER
from crm.web.resources import Creating, Editing, Listing, Moment, Resource, ResourceSerializer

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")


class RatingSerializer(ResourceSerializer):
    ticket = serializers.IntegerField(source="ticket_id", read_only=True)
    agent = serializers.EmailField(source="agent.email", read_only=True, allow_null=True)
    team = serializers.CharField(source="team.name", read_only=True, allow_null=True)
    category = serializers.CharField(source="category.name", read_only=True, allow_null=True)
    asked_at = Moment(read_only=True, help_text="When the ticket was solved.")
    because = serializers.CharField(read_only=True, help_text="Why nobody was asked; blank: they were.")

    class Meta:
        model = TicketRating
        fields = (
            "id", "ticket", "account", "contact", "agent", "team", "category", "asked_at", "because", "score",
            "comment", "answered_at",
        )  # fmt: skip
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("account", int), OpenApiParameter("ticket", int),
            OpenApiParameter("answered", str, enum=["yes", "no"], description="Blank: both."),
        ]
    )
)  # fmt: skip
class RatingResource(Listing, Resource):
    """One question after each solving by a person, 1 to 5 where it was answered. Customers answer, no program does."""

    queryset = TicketRating.objects.select_related("agent", "team", "category")
    serializer_class = RatingSerializer
    permission_classes = (ScopePermission, permitted("tickets"))
    parameters = frozenset({"account", "ticket", "answered"})

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        for name in ("account", "ticket"):
            if name in asked:
                rows = rows.filter(**{f"{name}_id": self.id_of(name, asked[name])})
        match asked.get("answered", ""):
            case "":
                return rows
            case "yes" | "no" as wanted:
                return rows.filter(score__isnull=wanted == "no")
        raise ValidationError({"answered": ["must be yes or no"]})


_PRIORITIES, _CLOCKS = [priority.name.lower() for priority in Ticket.Priority], ("answer", "solve")
_MINUTES = {"type": "integer", "minimum": 1, "maximum": LONGEST}
_LIMITS = {"type": "object", "properties": dict.fromkeys(_CLOCKS, _MINUTES), "additionalProperties": False}


@extend_schema_field({
    "type": "object", "properties": dict.fromkeys(_PRIORITIES, _LIMITS), "additionalProperties": False,
})  # fmt: skip
class TargetsField(serializers.Field):  # type: ignore[type-arg]
    """Minutes by priority: {"urgent": {"answer": 60, "solve": 480}}. What is missing has no limit."""

    def to_representation(self, value: Any) -> Any:
        """In one order, which the database does not keep: versions compare what is written."""
        of = {name: value[name] for name in _PRIORITIES if name in value}
        return {name: {one: of[name][one] for one in _CLOCKS if one in of[name]} for name in of}

    def to_internal_value(self, data: Any) -> dict[str, dict[str, int]]:
        if not isinstance(data, dict) or not all(isinstance(limits, dict) for limits in data.values()):
            raise serializers.ValidationError("Write minutes by priority: {“urgent”: {“answer”: 60, “solve”: 480}}.")
        found = {str(name)[:20]: self._limits(str(name)[:20], limits) for name, limits in data.items()}
        return {name: limits for name, limits in found.items() if limits}

    def _limits(self, name: str, limits: Mapping[str, Any]) -> dict[str, int]:
        if name not in _PRIORITIES or not limits.keys() <= set(_CLOCKS):
            raise serializers.ValidationError(f"{name}: say answer and solve of {', '.join(_PRIORITIES)}.")
        for minutes in limits.values():
            if not isinstance(minutes, int) or isinstance(minutes, bool) or not 0 < minutes <= LONGEST:
                raise serializers.ValidationError(f"{name}: whole minutes, between one and a year.")
        if ends_before_it_begins(limits.get("answer"), limits.get("solve")):
            raise serializers.ValidationError(f"{name}: it cannot be solved before it is answered.")
        return dict(limits)


class ServiceLevelSerializer(ResourceSerializer):
    tiers = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=20, required=False,
        help_text="Of customers; empty: for everybody. Of several levels that fit, the first by order counts.",
    )  # fmt: skip
    targets = TargetsField(required=False)
    always = serializers.BooleanField(required=False, help_text="The clock goes on outside business hours.")
    archived_at = Moment(allow_null=True, required=False, help_text="It holds for nobody from then on; null: it holds.")

    class Meta:
        model = ServiceLevel
        fields = ("id", "name", "tiers", "targets", "always", "order", "archived_at")

    def validate_tiers(self, tiers: list[str]) -> list[str]:
        return list(dict.fromkeys(tiers))


@extend_schema_view(
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class ServiceLevelResource(Creating, Editing, Listing, Resource):
    """Until when tickets are answered and solved. Open tickets follow a change within a minute, and nobody is told of
    the past. Archived, never deleted."""

    queryset = ServiceLevel.objects.order_by("order", "pk")
    serializer_class = ServiceLevelSerializer
    permission_classes = (ScopePermission, permitted("manage_settings"))
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {
        "servicelevel_name_once": ("name", "There is a level of this name already, perhaps an archived one."),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """The desk's own, which everybody sees."""
        return ServiceLevel.objects.all()

    def write(self, serializer: Any, now: datetime) -> ServiceLevel:
        row: ServiceLevel = serializer.save()
        clocks.ask_to_wind(now)
        return row
