"""Who is in a workflow, in the API: listed, put in by hand, paused, and taken out."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.history.actions import act
from crm.history.bulk.acting import Refused
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict
from crm.web.resources import ID
from retention.workflows import bulk
from retention.workflows.api.serializers import EnrollmentReasonSerializer, EnrollmentSerializer, EnrollSerializer
from retention.workflows.changing import persons
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.rules import BY_HAND

#: What is done to one customer in it is for account managers too.
_STEERS = (ScopePermission, permitted("steer_people"))
_ONE = OpenApiParameter("enrollment_id", int, OpenApiParameter.PATH)


def _one(verb: str) -> dict[str, Any]:
    path = f"enrollments/(?P<enrollment_id>{ID})/{verb}"
    return {"detail": True, "methods": ["post"], "url_path": path, "permission_classes": _STEERS}


class Enrolling:
    """A part of the workflows' resource."""

    @extend_schema(responses=EnrollmentSerializer(many=True))
    @action(detail=True, methods=["get"])
    def enrollments(self: Any, request: Request, pk: str) -> Response:
        """Customers that you may see who are in it or were, the latest first."""
        workflow = get_object_or_404(self.get_queryset(), pk=pk)
        rows = Enrollment.objects.visible_to(request.user).filter(workflow=workflow).select_related("version")
        page = self.paginate_queryset(rows.order_by("-id"))
        return self.get_paginated_response(EnrollmentSerializer(page, many=True).data)  # type: ignore[no-any-return]

    @extend_schema(request=EnrollSerializer, responses={201: EnrollmentSerializer}, parameters=[KEY_PARAMETER])
    @enrollments.mapping.post
    @idempotent
    def enroll(self: Any, request: Request, pk: str) -> Response:
        """Put a customer in by hand. The workflow must be on; whoever is in it already is not put in twice."""
        workflow = get_object_or_404(self.get_queryset(), pk=pk)
        given = EnrollSerializer(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        by: Any = request.user
        account, now = given.validated_data["account"], clock.now()
        label = f"enrolled 1 customer in {workflow}"
        try:
            with act("bulk.enroll", label, by, now, {"subject": "account", "rows": 1, "changed": 1}) as deed:
                if not bulk.enroll([account.pk], {"workflow": workflow}, by, now):
                    raise Refused(f"{account} is in it already.")
        except Refused as refusal:
            raise Conflict(str(refusal)) from None
        made = Enrollment.objects.get(workflow=workflow, account=account, trigger_key=f"{BY_HAND}{deed.pk}")
        return Response(EnrollmentSerializer(made).data, status=201)

    @extend_schema(request=EnrollmentReasonSerializer, responses=EnrollmentSerializer, parameters=[_ONE, KEY_PARAMETER])
    @action(**_one("leaving"))
    @idempotent
    def leaving(self: Any, request: Request, pk: str, enrollment_id: str) -> Response:
        """Take them out, for a reason: no step runs any more, and planned mail does not leave."""
        return self._person(request, pk, enrollment_id, persons.leave)  # type: ignore[no-any-return]

    @extend_schema(request=EnrollmentReasonSerializer, responses=EnrollmentSerializer, parameters=[_ONE, KEY_PARAMETER])
    @action(**_one("hold"))
    @idempotent
    def hold(self: Any, request: Request, pk: str, enrollment_id: str) -> Response:
        """Let them stand still, for a reason, until they are released."""
        return self._person(request, pk, enrollment_id, persons.hold)  # type: ignore[no-any-return]

    @extend_schema(request=EnrollmentReasonSerializer, responses=EnrollmentSerializer, parameters=[_ONE, KEY_PARAMETER])
    @action(**_one("release"))
    @idempotent
    def release(self: Any, request: Request, pk: str, enrollment_id: str) -> Response:
        """Let them go on."""
        return self._person(request, pk, enrollment_id, persons.release)  # type: ignore[no-any-return]

    @extend_schema(request=EnrollmentReasonSerializer, responses=EnrollmentSerializer, parameters=[_ONE, KEY_PARAMETER])
    @action(**_one("skip"))
    @idempotent
    def skip(self: Any, request: Request, pk: str, enrollment_id: str) -> Response:
        """Leave out the next step for them, for a reason."""
        return self._person(request, pk, enrollment_id, persons.skip)  # type: ignore[no-any-return]

    def _person(self: Any, request: Request, pk: str, enrollment_id: str, verb: Any) -> Response:
        workflow: Workflow = get_object_or_404(self.get_queryset(), pk=pk)
        rows = Enrollment.objects.visible_to(request.user).select_related("version")
        row = get_object_or_404(rows, pk=enrollment_id, workflow=workflow)  # before what is sent with it is judged
        given = EnrollmentReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            verb(row, given.validated_data["reason"], request.user, clock.now())
        except persons.PersonError as refusal:
            raise Conflict(str(refusal)) from None
        row.refresh_from_db()
        return Response(EnrollmentSerializer(row).data)
