"""The resource of deals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.fields.asking import PREFIX
from crm.pipelines import values
from crm.pipelines.actions import editing, linking, losing, moving, winning
from crm.pipelines.actions.opening import NewDeal, known, open_deal
from crm.pipelines.actions.refusals import DealError, GateError, MovedError
from crm.pipelines.api.serializers import DealSerializer, LossSerializer, PlaceSerializer, WinningSerializer
from crm.pipelines.models import Deal, Outcome
from crm.segments.filters import FilterError, parse
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict
from crm.web.resources import Creating, Editing, Listing, Resource

_VERSION = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read.")
_DONE: dict[str, Any] = {"responses": {201: DealSerializer}, "parameters": [KEY_PARAMETER]}
_PLAIN = (
    "title", "amount", "expected_on", "source", "next_step", "next_on", "plan", "mrr", "months", "starts_on",
    "external_id",
)  # fmt: skip


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("account", int), OpenApiParameter("pipeline", int), OpenApiParameter("stage", int),
            OpenApiParameter("outcome", str, enum=Outcome.values),
            OpenApiParameter("owner", str, description="E-mail."), OpenApiParameter("external_id", str),
            OpenApiParameter("filter", str, description="A tree of the filter language about deals, as JSON."),
        ]
    ),
    create=extend_schema(parameters=[KEY_PARAMETER]),
    update=extend_schema(parameters=[_VERSION]),
    partial_update=extend_schema(parameters=[_VERSION]),
)  # fmt: skip
class DealResource(Creating, Editing, Listing, Resource):
    """What customers may buy, newest first. What a stage asks before a deal enters it is sent to the deal, then it is
    moved; ticks go along with the move."""

    queryset = Deal.objects.select_related(
        "account", "owner", "created_by", "lost_because", "pipeline", "stage"
    ).prefetch_related("people__contact")
    serializer_class = DealSerializer
    permission_classes = (ScopePermission, permitted("deals"))
    parameters = frozenset({"account", "pipeline", "stage", "outcome", "owner", "external_id", "filter"})
    conflicts: ClassVar[dict[str, tuple[str, str]]] = {
        "deal_external_id_once": ("external_id", "Another deal has this external id."),
    }

    def narrowed(self, rows: QuerySet[Any], asked: Mapping[str, str]) -> QuerySet[Any]:
        for name in ("account", "pipeline", "stage"):
            if name in asked:
                rows = rows.filter(**{f"{name}_id": self.id_of(name, asked[name])})
        if outcome := asked.get("outcome"):
            if outcome not in Outcome.values:
                raise ValidationError({"outcome": [f"must be one of {', '.join(Outcome.values)}"]})
            rows = rows.filter(outcome=outcome)
        if "owner" in asked:
            rows = rows.filter(owner__email=asked["owner"].strip().lower())
        if "external_id" in asked:
            rows = rows.filter(external_id=asked["external_id"])
        return self._matching(rows, asked["filter"]) if asked.get("filter") else rows

    def _matching(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        try:
            return parse(json.loads(text), values.SUBJECT, self.request.user).apply(rows, clock.now())
        except FilterError as error:
            raise ValidationError({"filter": [str(error)]}) from None
        except (ValueError, RecursionError):
            raise ValidationError({"filter": ["filter: is not JSON"]}) from None

    # The deal itself

    def write(self, serializer: Any, now: datetime) -> Deal:
        data = serializer.validated_data
        with _refusing("stage"):
            row = self._edit(serializer.instance, data, now) if serializer.instance else self._begin(data, now)
        return self._read(row.pk)

    def _begin(self, data: Mapping[str, Any], now: datetime) -> Deal:
        stage, owner = data.get("stage"), data.get("owner")
        pipeline = data["pipeline"] if "pipeline" in data else data["stage"].pipeline
        new = NewDeal(
            data["account"].pk, pipeline.pk, stage_id=stage.pk if stage else None, owner_id=owner.pk if owner else None,
            currency=data.get("currency", ""), tags=tuple(data.get("tags", ())), custom=data["custom"],
            contact_ids=tuple(contact.pk for contact in data.get("contacts", ())),
            **{name: data[name] for name in _PLAIN if name in data},
        )  # fmt: skip
        if known(new):
            raise ValidationError({"external_id": [self.conflicts["deal_external_id_once"][1]]})
        return open_deal(new, self.request.user, now)  # type: ignore[arg-type]

    def _edit(self, row: Deal, data: Mapping[str, Any], now: datetime) -> Deal:
        by: Any = self.request.user
        given = {name: data[name] for name in (*_PLAIN, "owner", "currency", "tags") if name in data}
        given |= {f"{PREFIX}{key}": data["custom"].get(key) for key in data.get("custom", {}).keys() | row.custom.keys()
                  if "custom" in data}  # fmt: skip
        editing.change(row.pk, given, by, now)
        if "contacts" in data:
            wanted, held = {contact.pk for contact in data["contacts"]}, {link.contact_id for link in row.people.all()}
            for pk in sorted(wanted ^ held):
                linking.link_contact(row.pk, pk, pk in wanted, by, now)
        return row

    def _read(self, pk: int) -> Deal:
        rows: Any = self.queryset
        return rows.get(pk=pk)  # type: ignore[no-any-return]

    # Where it goes

    @extend_schema(request=PlaceSerializer, **_DONE)
    @action(detail=True, methods=["post"])
    @idempotent
    def place(self, request: Request, pk: str) -> Response:
        """Move it, to another stage or within its own; an open stage opens a closed one again."""
        return self._done(request, pk, PlaceSerializer, "stage", lambda row, data, way, by, now: moving.move(
            row.pk, data["stage"], way.pop("after"), by, now, **way))  # fmt: skip

    @extend_schema(request=WinningSerializer, **_DONE)
    @action(detail=True, methods=["post"])
    @idempotent
    def winning(self, request: Request, pk: str) -> Response:
        """Win it, which books its contract as expected. Doing so again changes nothing."""
        return self._done(request, pk, WinningSerializer, "plan", lambda row, data, way, by, now: winning.win(
            row.pk, _sold(row, data, now), by, now, **way))  # fmt: skip

    @extend_schema(request=LossSerializer, **_DONE)
    @action(detail=True, methods=["post"])
    @idempotent
    def loss(self, request: Request, pk: str) -> Response:
        """Lose it, for a reason."""
        return self._done(request, pk, LossSerializer, "reason", lambda row, data, way, by, now: losing.lose(
            row.pk, data["reason"].pk, data["note"], by, now, **way))  # fmt: skip

    def _done(self, request: Request, pk: str, serializer: Any, field: str, verb: Any) -> Response:
        row = get_object_or_404(self.get_queryset(), pk=pk)
        given = serializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        way = {
            "after": data.get("after"), "seen_stage": data.get("seen_stage"),
            "filled": moving.Filled(tuple(data.get("checked", ()))),
        }  # fmt: skip
        with _refusing(field), transaction.atomic():
            verb(row, data, way, request.user, clock.now())
        return self.answer(self._read(row.pk), 201)


def _sold(row: Deal, data: Mapping[str, Any], now: datetime) -> winning.Booked | None:
    """As the request says, and the deal where it does not; None while plan or MRR are not known."""
    plan, mrr = data.get("plan", row.plan), data.get("mrr", row.mrr)
    if not plan or mrr is None:
        return None
    starts_on = data.get("starts_on") or row.starts_on or clock.today(now)
    return winning.Booked(plan, mrr, starts_on, data.get("months", row.months), data["auto_renew"])


@contextmanager
def _refusing(field: str) -> Iterator[None]:
    """What a verb refuses, the request is told about this field, and what is missing by name; 409 where somebody was
    quicker."""
    try:
        yield
    except MovedError as moved:
        raise Conflict(str(moved)) from None
    except GateError as gate:
        lacking = {name: ["This stage requires it."] for name in gate.missing.fields}
        if checks := gate.missing.checks:
            lacking["checked"] = [f"{check.id}: {check.label}" for check in checks]
        raise ValidationError(lacking or {field: [str(gate)]}) from None
    except DealError as error:
        raise ValidationError({field: [str(error)]}) from None
