"""What is said in a ticket through the API, with the files that come along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from crm.tickets.actions import answering, hearing
from crm.tickets.actions.saying import MOST_FILES, Brought, Said, refusal_of
from crm.tickets.api.doing import checked, refusing
from crm.tickets.api.serializers import MessageSerializer, NewMessageSerializer
from crm.tickets.models import Ticket, TicketFile, TicketMessage
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.keeping import to_keep
from crm.web.parsing import StrictJSONParser
from crm.web.problems import LARGEST_BODY, BodyTooLarge
from crm.web.resources import ID

_PAGED = [OpenApiParameter("cursor", str), OpenApiParameter("limit", int)]
_BYTES = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


class Saying:
    """Of the resource of tickets."""

    def check_size(self: Any, length: int) -> None:
        """A message may bring files, as a form; all else stays as small as elsewhere."""
        form = self.action == "say" and self.request.content_type.startswith("multipart/")
        if not form:
            super().check_size(length)  # type: ignore[misc]
        elif length > MOST_FILES * settings.FILE_SIZE_LIMIT + LARGEST_BODY:
            raise BodyTooLarge(f"Send at most {MOST_FILES} files at once, none larger than the desk takes.")

    def perform_content_negotiation(self: Any, request: Request, force: bool = False) -> Any:
        """A file is what it is, whatever was asked for."""
        return super().perform_content_negotiation(request, force or self.action == "file")  # type: ignore[misc]

    @extend_schema(responses=MessageSerializer(many=True), parameters=_PAGED)
    @action(detail=True, methods=["get"], parser_classes=[StrictJSONParser, MultiPartParser])
    def messages(self: Any, request: Request, pk: str) -> Response:
        """What was said, the latest first."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        rows = TicketMessage.objects.visible_to(request.user).filter(ticket=row)
        page = self.paginate_queryset(rows.select_related("user").prefetch_related("files"))
        return self.get_paginated_response(MessageSerializer(page, many=True).data)  # type: ignore[no-any-return]

    @extend_schema(
        request={"application/json": NewMessageSerializer, "multipart/form-data": NewMessageSerializer},
        responses={201: MessageSerializer}, parameters=[KEY_PARAMETER],
    )  # fmt: skip
    @messages.mapping.post
    @idempotent
    def say(self: Any, request: Request, pk: str) -> Response:
        """Answer, write a note, or bring what the customer said elsewhere. Files come along as parts of a form."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        data, now, by = checked(NewMessageSerializer, request), clock.now(), request.user
        # What comes from outside is held as a whole before it is kept, so all of it is as large as one file may be.
        if because := refusal_of(data.get("files", ()), together=data["kind"] == "in"):
            raise ValidationError({"files": [because]})
        with refusing("kind"), transaction.atomic():
            message = _hear(row, data, by, now) if data["kind"] == "in" else _write(row, data, by, now)
        return Response(MessageSerializer(message).data, status=201)

    @extend_schema(responses=_BYTES, parameters=[OpenApiParameter("file_id", int, OpenApiParameter.PATH)])
    @action(detail=True, methods=["get"], url_path=f"files/(?P<file_id>{ID})")
    def file(self: Any, request: Request, pk: str, file_id: str) -> FileResponse:
        """The bytes of a file that came along, as something to keep."""
        seen = TicketMessage.objects.visible_to(request.user).filter(ticket=int(pk))
        return to_keep(get_object_or_404(TicketFile, pk=file_id, message__in=seen.values("pk")))


def _write(row: Ticket, data: Mapping[str, Any], by: Any, now: datetime) -> TicketMessage:
    written = answering.Written(
        uuid4(), data["text"], data["kind"] == "note", data.get("then", ""), data.get("files", ()), data.get("seen"),
        data.get("channel", ""),
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
        files=[Brought(file.name, file.read()) for file in data.get("files", ())],
    )  # fmt: skip
    return hearing.hear(row, said, now)
