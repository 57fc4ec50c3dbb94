"""Segments in the API: what they are, and who is put into static ones. Their rows: the lists' parameter `segment`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.history.actions import act
from crm.segments import defining, members, sizes
from crm.segments.defining import SegmentError
from crm.segments.filters import FilterError
from crm.segments.models import Segment
from crm.slots import filter_subjects
from crm.team.authentication import ScopePermission
from crm.team.permissions import demand, permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Editing, Listing, Resource, ResourceSerializer

MOST_MEMBERS = 5_000
_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")


class SegmentSerializer(ResourceSerializer):
    filter = serializers.JSONField(source="tree", required=False, help_text="A tree of the filter language.")
    subject = serializers.ChoiceField(choices=["account", "contact"])
    owner = serializers.EmailField(source="owner.email", read_only=True)
    size = serializers.SerializerMethodField(
        help_text="At the last daily count; null: not yet, or not for you to know."
    )

    class Meta:
        model = Segment
        fields = (
            "id", "name", "description", "subject", "kind", "filter", "owner", "shared", "size", "archived_at",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("archived_at", "created_at", "updated_at")

    def get_size(self, segment: Segment) -> int | None:
        viewer = self.context["request"].user
        if not viewer.sees_everything:
            return None
        known = self.context.get("sizes")  # none of a page may have been counted
        if known is None:
            known = sizes.figures([segment.pk], clock.now())
        return known[segment.pk].size if segment.pk in known else None

    def validate_filter(self, tree: Any) -> Any:
        if not isinstance(tree, dict):
            raise serializers.ValidationError("This is no filter: it must be an object.")
        return tree

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        for name in ("subject", "kind"):
            if isinstance(self.instance, Segment) and data.get(name, getattr(self.instance, name)) != getattr(
                self.instance, name
            ):
                raise serializers.ValidationError({name: ["This stays as it was made."]})
        return data


class MembersSerializer(serializers.Serializer[Any]):
    """Numbers of accounts, or of contacts, as the segment's subject says."""

    add = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=MOST_MEMBERS, required=False)
    remove = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=MOST_MEMBERS, required=False)


class ChangedMembers(serializers.Serializer[Any]):
    """How many came, and how many went."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()


@extend_schema_view(
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class SegmentResource(Creating, Editing, Listing, Resource):
    """Customers or people with something in common: a filter with a name, or a set chosen by hand."""

    queryset = Segment.objects.select_related("owner")
    serializer_class = SegmentSerializer
    permission_classes = (ScopePermission,)
    volatile: ClassVar[frozenset[str]] = frozenset({"size"})

    def get_serializer(self, *args: Any, **more: Any) -> Any:
        """The sizes of a page of them are asked for at once."""
        made: Any = super().get_serializer(*args, **more)
        if more.get("many") and args and args[0]:
            made.context["sizes"] = sizes.figures([row.pk for row in args[0]], clock.now())
        return made

    def write(self, serializer: Any, now: datetime) -> Segment:
        data, segment = dict(serializer.validated_data), serializer.instance
        by: Any = self.request.user
        if segment and not segment.may_be_changed_by(by):
            raise PermissionDenied(f"This segment is {segment.owner}’s. Make one of your own, and use theirs in it.")
        if data.get("shared") and not (segment and segment.shared):
            demand(by, "share_views")
        subject = data.pop("subject", "")
        data = {name: value for name, value in data.items() if not segment or name != "kind"}
        try:
            if segment is None:
                return defining.make(by, subject, data, now)
            defining.change(segment, by, data, now)
        except FilterError as error:
            raise ValidationError({"filter": [str(error)]}) from None
        except SegmentError as error:
            raise ValidationError({"name" if "Give another name" in str(error) else "filter": [str(error)]}) from None
        return Segment.objects.select_related("owner").get(pk=segment.pk)

    @extend_schema(request=MembersSerializer, responses=ChangedMembers, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"], permission_classes=[ScopePermission, permitted("bulk")])
    @idempotent
    def members(self, request: Request, pk: str) -> Response:
        """Put accounts or contacts into a static segment, and take others out: only those you may see."""
        segment = get_object_or_404(self.get_queryset(), pk=pk)
        given = MembersSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        now = clock.now()
        by: Any = request.user
        try:
            with transaction.atomic(), act("segment.filled", f"changed who is in “{segment}”", by, now):
                added = members.add(segment, self._seen(segment, given.validated_data.get("add", [])), by, now)
                gone = members.remove(segment, self._seen(segment, given.validated_data.get("remove", [])), by, now)
        except SegmentError as error:
            raise ValidationError({"segment": [str(error)]}) from None
        return Response({"added": added, "removed": gone})

    def _seen(self, segment: Segment, ids: list[int]) -> list[int]:
        rows: Any = filter_subjects[segment.subject].model._default_manager
        return list(rows.visible_to(self.request.user).filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
