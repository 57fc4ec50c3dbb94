"""What the desk is set up with, through the API: categories, canned answers, senders whom nobody hears."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError

from crm.outbox import rendering
from crm.team.authentication import ScopePermission
from crm.team.permissions import allows, permitted
from crm.tickets import macros
from crm.tickets.api.serializers import MOST_TAGS, NamedField, PriorityField
from crm.tickets.forms.macros import STATUSES
from crm.tickets.models import BlockedSender, Macro, TicketCategory
from crm.web.idempotency import KEY_PARAMETER
from crm.web.resources import Creating, Editing, Listing, Moment, Resource, ResourceSerializer, StrictSerializer

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")
_edited = extend_schema_view(
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)


class CategorySerializer(ResourceSerializer):
    archived_at = Moment(allow_null=True, required=False, help_text="Nobody is offered it from then on; null: it is.")

    class Meta:
        model = TicketCategory
        fields = ("id", "name", "order", "archived_at")


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
        return TicketCategory.objects.all()

    def write(self, serializer: Any, now: datetime) -> TicketCategory:
        return serializer.save()  # type: ignore[no-any-return]


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
    by = serializers.EmailField(source="by.email", read_only=True, allow_null=True)
    at = Moment(read_only=True)

    class Meta:
        model = BlockedSender
        fields = ("id", "channel", "handle", "by", "at")


class BlockedResource(Listing, Resource):
    """Whose messages begin no ticket. Block by the ticket's spam/; who is blocked is heard again from the settings."""

    queryset = BlockedSender.objects.all()
    serializer_class = BlockedSerializer
    permission_classes = (ScopePermission, permitted("manage_settings", reading="manage_settings"))

    def get_queryset(self) -> QuerySet[Any]:
        """The desk's own."""
        return BlockedSender.objects.select_related("by")
