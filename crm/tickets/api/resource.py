"""The resource of tickets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError

from crm.history.actions import act
from crm.segments.filters import FilterError, parse
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.tickets import clocks
from crm.tickets.actions import hearing, requesting
from crm.tickets.actions.saying import Said
from crm.tickets.api.doing import Doing, refusing
from crm.tickets.api.saying import Saying
from crm.tickets.api.serializers import MessageSerializer, TicketSerializer
from crm.tickets.models import OPEN, Ticket
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER
from crm.web.resources import Creating, Editing, Listing, Resource

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")
_EDITED = ("external_id", "subject", "priority", "category", "copied", "tags", "custom")
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
class TicketResource(Doing, Saying, Creating, Editing, Listing, Resource):
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
