"""The resource of tickets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.history.actions import act
from crm.segments.filters import FilterError, parse
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.tickets import clocks
from crm.tickets.actions import answering, hearing, requesting
from crm.tickets.actions.saying import Said
from crm.tickets.api.doing import Doing, checked, refusing
from crm.tickets.api.serializers import MessageSerializer, NewMessageSerializer, TicketSerializer
from crm.tickets.models import OPEN, Ticket, TicketMessage
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.resources import Creating, Editing, Listing, Resource

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")
_EDITED = ("external_id", "subject", "priority", "category", "copied", "tags", "custom")
_PAGED = [OpenApiParameter("cursor", str), OpenApiParameter("limit", int)]
_STATUSES = [*Ticket.Status.values, "unsolved"]


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("account", int), OpenApiParameter("contact", int),
            OpenApiParameter("status", str, enum=_STATUSES), OpenApiParameter("assignee", str, description="E-mail."),
            OpenApiParameter("external_id", str),
            OpenApiParameter("filter", str, description="A tree of the filter language about tickets, as JSON."),
        ]
    ),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)  # fmt: skip
class TicketResource(Doing, Creating, Editing, Listing, Resource):
    """What customers want of us, newest first. The number is the id."""

    queryset = Ticket.objects.select_related("account", "contact", "team", "category", "assignee", "created_by")
    serializer_class = TicketSerializer
    permission_classes = (ScopePermission, permitted("tickets"))
    parameters = frozenset({"account", "contact", "status", "assignee", "external_id", "filter"})
    paged = frozenset({"list", "messages"})
    volatile: ClassVar[frozenset[str]] = frozenset({"overran", "mood"})
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {
        "ticket_external_id_once": ("external_id", "Another ticket has this external id."),
    }

    def get_serializer_class(self) -> Any:
        return MessageSerializer if self.action == "messages" else TicketSerializer

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        for name in ("account", "contact"):
            if name in asked:
                rows = rows.filter(**{f"{name}_id": self.id_of(name, asked[name])})
        if status := asked.get("status"):
            if status not in _STATUSES:
                raise ValidationError({"status": [f"must be one of {', '.join(_STATUSES)}"]})
            rows = rows.filter(status__in=OPEN) if status == "unsolved" else rows.filter(status=status)
        if "assignee" in asked:
            rows = rows.filter(assignee__email=asked["assignee"].strip().lower())
        if "external_id" in asked:
            rows = rows.filter(external_id=asked["external_id"])
        return self._matching(rows, asked["filter"]) if asked.get("filter") else rows

    def _matching(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        try:
            return parse(json.loads(text), "ticket", self.request.user).apply(rows, clock.now())
        except FilterError as error:
            raise ValidationError({"filter": [str(error)]}) from None
        except (ValueError, RecursionError):
            raise ValidationError({"filter": ["filter: is not JSON"]}) from None

    # The ticket itself

    def write(self, serializer: Any, now: datetime) -> Ticket:
        data = serializer.validated_data
        row = self._edit(serializer.instance, data, now) if serializer.instance else self._begin(data, now)
        return self._read(row.pk)

    def _begin(self, data: Mapping[str, Any], now: datetime) -> Ticket:
        by: Any = self.request.user
        contact = data.get("contact")
        handle = data.get("requester_handle") or (contact and contact.email) or ""
        name = data.get("requester_name") or (contact.name if contact else "")
        said = Said(data["text"], data["channel"], now, contact=contact, name=name, handle=handle)
        new = hearing.NewTicket(
            data["subject"], said, data.get("account"), data.get("priority", Ticket.Priority.NORMAL),
            data.get("category"), data.get("assignee"), data.get("team"), tuple(data.get("tags", ())), data["custom"],
            tuple(data.get("copied", ())),
        )  # fmt: skip
        row = hearing.begin(new, now, by)
        if external_id := data.get("external_id"):
            Ticket.objects.filter(pk=row.pk).update(external_id=external_id)
        return row

    def _edit(self, row: Ticket, data: Mapping[str, Any], now: datetime) -> Ticket:
        by: Any = self.request.user
        changed = {name: data[name] for name in _EDITED if name in data and data[name] != getattr(row, name)}
        contact = data.get("contact")
        with refusing("contact"), act("ticket.changed", f"changed {row}", by, now, {"ticket": row.pk}):
            if contact and contact.pk != row.contact_id:
                requesting.choose(row, contact, by, now)
                row.refresh_from_db()
            if changed:
                for name, value in changed.items():
                    setattr(row, name, value)
                row.updated_at = now
                clocks.wind(row, now)
                row.save(update_fields=[*changed, *clocks.WOUND, "updated_at"])
        return row

    def _read(self, pk: int) -> Ticket:
        rows: Any = self.queryset
        return rows.get(pk=pk)  # type: ignore[no-any-return]

    # What is said

    @extend_schema(responses=MessageSerializer(many=True), parameters=_PAGED)
    @action(detail=True, methods=["get"])
    def messages(self, request: Request, pk: str) -> Response:
        """What was said, the latest first."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        rows = TicketMessage.objects.visible_to(request.user).filter(ticket=row)
        page = self.paginate_queryset(rows.select_related("user").prefetch_related("files"))
        return self.get_paginated_response(MessageSerializer(page, many=True).data)

    @extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer}, parameters=[KEY_PARAMETER])
    @messages.mapping.post
    @idempotent
    def say(self, request: Request, pk: str) -> Response:
        """Answer, write a note, or bring what the customer said elsewhere."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        data, now, by = checked(NewMessageSerializer, request), clock.now(), request.user
        with refusing("kind"), transaction.atomic():
            message = _hear(row, data, by, now) if data["kind"] == "in" else _write(row, data, by, now)
        return Response(MessageSerializer(message).data, status=201)


def _write(row: Ticket, data: Mapping[str, Any], by: Any, now: datetime) -> TicketMessage:
    is_note = data["kind"] == "note"
    written = answering.Written(
        uuid4(), data["text"], is_note, data.get("then", ""), seen=data.get("seen"), channel=data.get("channel", "")
    )  # fmt: skip
    return answering.write(row, written, by, now)


def _hear(row: Ticket, data: Mapping[str, Any], by: Any, now: datetime) -> TicketMessage:
    """As the customer. Answers go on to leave where they left: a program brings this, no channel does."""
    at = data.get("occurred_at", now)
    if at > now:
        raise ValidationError({"occurred_at": ["This is still to come."]})
    if not hearing.may_bring(Ticket.Channel.API, data.get("external_key"), by):
        raise ValidationError({"external_key": ["A message has this key already. Each has one of its own."]})
    said = Said(
        data["text"], Ticket.Channel.API, at, contact=row.contact, name=row.requester_name,
        handle=row.requester_handle, key=data.get("external_key"),
    )  # fmt: skip
    return hearing.hear(row, said, now)
