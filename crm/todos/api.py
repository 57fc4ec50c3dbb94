"""Tasks in the API; a change of state is a POST to a resource of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.team.api import UserField
from crm.todos import actions
from crm.todos.actions import NewTask, TaskError
from crm.todos.models import Task
from crm.todos.rules.repeating import Repeat
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Editing, Listing, Moment, Resource, ResourceSerializer

LONGEST_BODY = 20_000
_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")
_STATES = ("open", "done")


class TaskSerializer(ResourceSerializer):
    body = serializers.CharField(max_length=LONGEST_BODY, allow_blank=True, required=False)
    owner = UserField(allow_null=True, required=False, queryset=Task.objects.none())
    due_at = Moment()
    kind = serializers.ChoiceField(
        choices=[kind for kind in Task.Kind.choices if kind[0]], allow_blank=True, required=False
    )
    repeats = serializers.CharField(
        max_length=40,
        allow_blank=True,
        required=False,
        help_text="daily 09:00, weekly mon,thu 09:00, monthly 15 09:00, monthly last 09:00, yearly 02-29 09:00",
    )
    done_by = serializers.EmailField(source="done_by.email", read_only=True, allow_null=True)
    created_by = serializers.EmailField(source="created_by.email", read_only=True, allow_null=True)

    class Meta:
        model = Task
        fields = (
            "id", "title", "body", "account", "contact", "owner", "due_at", "snoozed_until", "done_at", "done_by",
            "created_at", "created_by", "origin", "kind", "repeats",
        )  # fmt: skip
        read_only_fields = ("snoozed_until", "done_at", "created_at", "origin")

    def validate_repeats(self, text: str) -> str:
        try:
            return str(Repeat.parse(text)) if text else ""
        except ValueError:
            raise serializers.ValidationError("Write how often it comes again as in “weekly mon,thu 09:00”.") from None

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        task: Any = self.instance
        for name in ("account", "contact"):
            if task and name in data and (data[name] and data[name].pk) != getattr(task, f"{name}_id"):
                raise serializers.ValidationError({name: ["A task stays with its customer."]})
        contact, account = data.get("contact"), data.get("account")
        if not task and contact and (account is None or contact.account_id != account.pk):
            raise serializers.ValidationError({"contact": ["This contact does not belong to the task's account."]})
        return data


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("account", int),
            OpenApiParameter("owner", str, description="E-mail."),
            OpenApiParameter("state", str, enum=_STATES),
        ]
    ),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)
class TaskResource(Creating, Editing, Listing, Resource):
    """What people have to do about customers."""

    queryset = Task.objects.select_related("owner", "done_by", "created_by")
    serializer_class = TaskSerializer
    parameters = frozenset({"account", "owner", "state"})

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        if "account" in asked:
            rows = rows.filter(account_id=self.id_of("account", asked["account"]))
        if "owner" in asked:
            rows = rows.filter(owner__email=asked["owner"].strip().lower())
        if state := asked.get("state"):
            if state not in _STATES:
                raise ValidationError({"state": [f"must be one of {', '.join(_STATES)}"]})
            rows = rows.filter(done_at__isnull=state == "open")
        return rows

    def write(self, serializer: Any, now: datetime) -> Task:
        data = serializer.validated_data
        if task := serializer.instance:
            return self._edit(task, data)
        made = NewTask(
            title=data["title"],
            due_at=data["due_at"],
            account_id=data["account"].pk if data.get("account") else None,
            contact_id=data["contact"].pk if data.get("contact") else None,
            owner_id=data["owner"].pk if data.get("owner") else None,
            body=data.get("body", ""),
            created_by_id=self.request.user.pk,
            kind=data.get("kind", ""),
            repeats=data.get("repeats", ""),
        )
        return self._read(actions.create([made], now=now)[0])

    def _edit(self, task: Task, data: Mapping[str, Any]) -> Task:
        if "owner" in data and data["owner"] != task.owner:
            try:
                actions.assign(task, data["owner"], self.request.user, clock.now())  # type: ignore[arg-type]
            except TaskError as error:
                raise ValidationError({"owner": [str(error)]}) from None
        changed = {name: data[name] for name in ("title", "body", "due_at", "kind", "repeats") if name in data}
        if changed:
            Task.objects.filter(pk=task.pk).update(**changed)
        return self._read(task.pk)

    def _read(self, pk: int) -> Task:
        return Task.objects.select_related("owner", "done_by", "created_by").get(pk=pk)

    @extend_schema(request=None, responses={201: TaskSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def completion(self, request: Request, pk: str) -> Response:
        """Mark the task done. Doing so again changes nothing."""
        with transaction.atomic():
            task = self.locked(request, pk)
            actions.complete(task, request.user, clock.now())  # type: ignore[arg-type]
        return self.answer(self._read(task.pk), 201)

    @extend_schema(request=None, responses={201: TaskSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def reopening(self, request: Request, pk: str) -> Response:
        """Take the completion back. Doing so again changes nothing."""
        with transaction.atomic():
            task = self.locked(request, pk)
            actions.reopen(task, request.user, clock.now())  # type: ignore[arg-type]
        return self.answer(self._read(task.pk), 201)
