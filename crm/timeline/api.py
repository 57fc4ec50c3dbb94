"""The timeline in the API: facts are recorded and read, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Listing, Moment, Resource, ResourceSerializer

#: Longest text of an entry: some pages of a mail.
LONGEST_TEXT = 20_000
_Source = TimelineEntry.Source


class EntrySerializer(ResourceSerializer):
    kind = serializers.RegexField(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=60, help_text="noun.verb")
    text = serializers.CharField(max_length=LONGEST_TEXT)
    occurred_at = Moment(required=False)
    source = serializers.ChoiceField(choices=_Source.choices, default=_Source.AUTOMATIC)  # type: ignore[assignment]
    payload = serializers.DictField(default=dict)
    actor = serializers.EmailField(source="actor.email", read_only=True, allow_null=True)
    key = serializers.CharField(
        max_length=120, write_only=True, required=False, help_text="Makes the fact once for its account."
    )
    react = serializers.BooleanField(
        write_only=True, default=True, help_text="False for history, to which no workflow shall react."
    )

    class Meta:
        model = TimelineEntry
        fields = (
            "id", "account", "contact", "kind", "occurred_at", "recorded_at", "source", "actor", "channel", "text",
            "payload", "key", "react",
        )  # fmt: skip
        read_only_fields = ("recorded_at",)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        contact = data.get("contact")
        if contact and contact.account_id != data["account"].pk:
            raise serializers.ValidationError({"contact": ["This contact belongs to another account."]})
        if data.get("occurred_at") and data["occurred_at"] > clock.now():
            raise serializers.ValidationError({"occurred_at": ["This is still to come. The timeline holds the past."]})
        return data


@extend_schema_view(
    list=extend_schema(
        parameters=[OpenApiParameter("account", int), OpenApiParameter("contact", int), OpenApiParameter("kind", str)]
    )
)
class EntryResource(Listing, Resource):
    """What happened to customers, newest first; those of one account, contact or kind by when it happened."""

    queryset = TimelineEntry.objects.select_related("actor")
    serializer_class = EntrySerializer
    permission_classes = (ScopePermission, permitted("edit"))
    parameters = frozenset({"account", "contact", "kind"})

    @property
    def ordering(self) -> tuple[str, ...]:
        """As an index has it: without a question there is only the order of writing."""
        return ("-occurred_at", "-id") if self.parameters & set(self.request.query_params) else ("-id",)

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        for name in ("account", "contact"):
            if name in asked:
                rows = rows.filter(**{f"{name}_id": self.id_of(name, asked[name])})
        return rows.filter(kind=asked["kind"]) if "kind" in asked else rows

    @extend_schema(parameters=[KEY_PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Record a fact. A key that the account knows already answers 200 with the entry it made then."""
        data = self.checked(request).validated_data
        now = clock.now()
        key = f"api:{data['account'].pk}:{data['key']}" if "key" in data else None
        fact = Fact(
            account_id=data["account"].pk,
            contact_id=data["contact"].pk if data.get("contact") else None,
            key=key,
            actor_id=request.user.pk,
            **{
                name: data[name]
                for name in ("kind", "text", "occurred_at", "source", "channel", "payload")
                if name in data
            },
        )
        with transaction.atomic():
            written = record(fact, react=data["react"], now=now)
        found = {"pk": written[0]} if written else {"key": key}
        return self.answer(self.get_queryset().get(**found), 201 if written else 200)
