"""What mail is about, in the API: topics are written by whoever may manage mail, retired and never deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.forms import model_to_dict
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.outbox.house import actions
from crm.outbox.house.forms import TopicForm
from crm.outbox.models import Topic
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import refused_by
from crm.web.resources import Creating, Editing, Listing, Moment, Resource, ResourceSerializer

_CATEGORIES = [("service", "Service"), ("marketing", "Marketing")]


class TopicSerializer(ResourceSerializer):
    categories = serializers.ListField(
        child=serializers.ChoiceField(_CATEGORIES), max_length=len(_CATEGORIES),
        help_text="The kinds of mail that may name it: at least one.",
    )  # fmt: skip
    order = serializers.IntegerField(min_value=0, max_value=999, default=90, help_text="The lowest comes first.")
    retired_at = Moment(read_only=True, allow_null=True, help_text="Since when no mail may name it any more.")

    class Meta:
        model = Topic
        fields = ("id", "slug", "name", "sentence", "categories", "order", "retired_at")
        read_only_fields = ("slug",)


@extend_schema_view(create=extend_schema(parameters=[KEY_PARAMETER]))
class TopicResource(Creating, Editing, Listing, Resource):
    """What people may refuse to hear about. Messages and contacts name a topic by its `slug`, which never changes."""

    queryset = Topic.objects.order_by("id")
    serializer_class = TopicSerializer
    permission_classes = (ScopePermission, permitted("manage_mail", reading="manage_mail"))

    def get_queryset(self) -> QuerySet[Any]:
        """The house's own."""
        return Topic.objects.order_by("id")

    def write(self, serializer: Any, now: datetime) -> Topic:
        """As the page's form does, so that both refuse the same."""
        topic = serializer.instance or Topic()
        form = TopicForm(model_to_dict(topic, TopicForm.Meta.fields) | serializer.validated_data, instance=topic)
        if not form.is_valid():
            raise refused_by(form)
        by: Any = self.request.user
        return actions.write(form, by, now)

    @extend_schema(request=None, responses=TopicSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def retirement(self, request: Request, pk: str) -> Response:
        """Nobody is asked about it any more. Who refused it, refused it."""
        return self._offered(pk, offered=False)

    @extend_schema(request=None, responses=TopicSerializer, parameters=[KEY_PARAMETER], operation_id="topics_return")
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    @idempotent
    def bring_back(self, request: Request, pk: str) -> Response:
        """It is offered again."""
        return self._offered(pk, offered=True)

    def _offered(self, pk: str, *, offered: bool) -> Response:
        by: Any = self.request.user
        topic = get_object_or_404(self.get_queryset(), pk=pk)
        return self.answer(actions.offer(topic.pk, by, clock.now(), offered=offered))
