"""What the desk is set up with, through the API: categories, canned answers, senders whom nobody hears."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.outbox import rendering
from crm.team.authentication import ScopePermission
from crm.team.models import Team
from crm.team.permissions import allows, permitted
from crm.tickets import macros
from crm.tickets.api.serializers import MOST_TAGS, NamedField, PriorityField
from crm.tickets.forms.desk import BlockForm
from crm.tickets.forms.macros import STATUSES
from crm.tickets.models import AssignsBy, BlockedSender, Macro, Rota, Ticket, TicketCategory
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Editing, Listing, Moment, Resource, ResourceSerializer, StrictSerializer

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")
_edited = extend_schema_view(
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)


class CategorySerializer(ResourceSerializer):
    team = NamedField(queryset=Team.objects.all(), help_text="Such tickets go to it: its name.")
    assigns_by = serializers.ChoiceField(
        AssignsBy.choices, allow_blank=True, required=False, help_text="And in it to; blank: as the team's rota says."
    )
    archived_at = Moment(allow_null=True, required=False, help_text="Nobody is offered it from then on; null: it is.")

    class Meta:
        model = TicketCategory
        fields = ("id", "name", "team", "assigns_by", "order", "archived_at")


@_edited
class CategoryResource(Creating, Editing, Listing, Resource):
    """What tickets are about. Archived, never deleted."""

    queryset = TicketCategory.objects.all()
    serializer_class = CategorySerializer
    permission_classes = (ScopePermission, permitted("manage_settings"))
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {
        "ticketcategory_name_once": ("name", "There is a category of this name already, perhaps an archived one."),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """The desk's own, which everybody sees."""
        return TicketCategory.objects.select_related("team")

    def write(self, serializer: Any, now: datetime) -> TicketCategory:
        return serializer.save()  # type: ignore[no-any-return]


class RotaSerializer(ResourceSerializer):
    team = NamedField(
        queryset=Team.objects.all(), required=True, help_text="Its name; null: tickets without a team. Said once."
    )
    assigns_by = serializers.ChoiceField(AssignsBy.choices)

    class Meta:
        model = Rota
        fields = ("id", "team", "assigns_by")
        validators = ()  # whether there is one already the constraint says

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        row: Any = self.instance
        if row is not None and attrs.get("team", row.team) != row.team:
            raise ValidationError({"team": ["This is said when the rota is made, and stays."]})
        return attrs


@_edited
class RotaResource(Creating, Editing, Listing, Resource):
    """How new tickets of a team find one of its members. A team that has none leaves them to whoever is free."""

    queryset = Rota.objects.all()
    serializer_class = RotaSerializer
    permission_classes = (ScopePermission, permitted("manage_settings"))
    conflicts: ClassVar[dict[str, tuple[str, str]]] = dict.fromkeys(
        ("rota_once", "crm_rota_team_id_key"), ("team", "There is one for this team already. Change that one.")
    )

    def get_queryset(self) -> QuerySet[Any]:
        """The desk's own, which everybody sees."""
        return Rota.objects.select_related("team")

    def write(self, serializer: Any, now: datetime) -> Rota:
        row: Any = serializer.instance
        if row is None:
            return serializer.save()  # type: ignore[no-any-return]
        row.assigns_by = serializer.validated_data.get("assigns_by", row.assigns_by)
        row.save(update_fields=["assigns_by"])  # and not who had the last turn
        return row  # type: ignore[no-any-return]


class SetsSerializer(StrictSerializer):
    status = serializers.ChoiceField(STATUSES, required=False)
    priority = PriorityField(required=False)
    category = NamedField(queryset=TicketCategory.objects.filter(archived_at=None), help_text="Its name.")
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=MOST_TAGS, required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        found = super().to_internal_value(data)
        category = found.get("category")
        kept = found | {"category": category.pk if category else None}
        return {name: value for name, value in kept.items() if value}

    def to_representation(self, sets: Any) -> dict[str, Any]:
        names = macros.category_names([Macro(sets=sets)])
        told = {
            "status": sets.get("status"), "priority": PriorityField().to_representation(sets["priority"])
            if sets.get("priority") else None, "category": names.get(sets.get("category", 0)), "tags": sets.get("tags"),
        }  # fmt: skip
        return {name: value for name, value in told.items() if value}


class MacroSerializer(ResourceSerializer):
    sets = SetsSerializer(required=False, help_text="What sending it changes beside.")
    own = serializers.BooleanField(required=False, help_text="The caller's own; else everybody's. Said once.")
    archived_at = Moment(allow_null=True, required=False, help_text="Nobody is offered it from then on; null: it is.")

    class Meta:
        model = Macro
        fields = ("id", "name", "body", "sets", "own", "archived_at")

    def to_representation(self, row: Any) -> dict[str, Any]:
        row.own = row.owner_id is not None
        return super().to_representation(row)

    def validate_body(self, body: str) -> str:
        try:
            rendering.check("", body)
        except rendering.TemplateError as error:
            raise ValidationError(str(error)) from None
        return body

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        row: Any = self.instance
        own = attrs.pop("own", row is not None and row.owner_id is not None)
        if row is not None and own != (row.owner_id is not None):
            raise ValidationError({"own": ["This is said when the macro is made, and stays."]})
        by = self.context["request"].user
        if not own and not allows(by, "manage_settings"):
            raise PermissionDenied("Macros of everybody's are for those who manage the settings. Make one of your own.")
        return attrs | ({"owner": by if own else None} if row is None else {})


@_edited
class MacroResource(Creating, Editing, Listing, Resource):
    """Canned answers: everybody's, and the caller's own. Archived, never deleted."""

    queryset = Macro.objects.all()
    serializer_class = MacroSerializer
    permission_classes = (ScopePermission, permitted("tickets"))
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {
        "macro_name_once": ("name", "Another macro is called so already, perhaps one that is archived."),
    }

    def get_queryset(self) -> QuerySet[Any]:
        by: Any = self.request.user
        return macros.known_to(by)

    def write(self, serializer: Any, now: datetime) -> Macro:
        return serializer.save()  # type: ignore[no-any-return]


class BlockedSerializer(ResourceSerializer):
    channel = serializers.ChoiceField(Ticket.Channel.choices, default=Ticket.Channel.MAIL)
    handle = serializers.CharField(max_length=254, help_text="Of mail: an address, or a whole domain as @example.com.")
    by = serializers.EmailField(source="by.email", read_only=True, allow_null=True)
    at = Moment(read_only=True)

    class Meta:
        model = BlockedSender
        fields = ("id", "channel", "handle", "by", "at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["handle"] = attrs["handle"].lower()
        form = BlockForm({"handle": attrs["handle"]})
        if attrs["channel"] == Ticket.Channel.MAIL and not form.is_valid():
            raise ValidationError({"handle": [str(one) for one in form.errors["handle"]]})
        return attrs


@extend_schema_view(create=extend_schema(parameters=[KEY_PARAMETER]))
class BlockedResource(Creating, Listing, Resource):
    """Whose messages begin no ticket. Of one who wrote already, block by the ticket's spam/ besides."""

    queryset = BlockedSender.objects.all()
    serializer_class = BlockedSerializer
    permission_classes = (ScopePermission, permitted("manage_settings", reading="manage_settings"))

    def get_queryset(self) -> QuerySet[Any]:
        """The desk's own."""
        return BlockedSender.objects.select_related("by")

    def write(self, serializer: Any, now: datetime) -> BlockedSender:
        """One who is blocked already stays so, by whom it was."""
        said, known = serializer.validated_data, {"by": self.request.user, "at": now}
        return BlockedSender.objects.get_or_create(channel=said["channel"], handle=said["handle"], defaults=known)[0]

    @extend_schema(request=None, responses={204: None}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def removal(self, request: Request, pk: str) -> Response:
        """They are heard again, from now on."""
        get_object_or_404(self.get_queryset(), pk=pk).delete()
        return Response(status=204)
