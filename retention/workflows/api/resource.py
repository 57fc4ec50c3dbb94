"""Workflows: what each does and how it goes, its versions, and the verbs that switch and change it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.team.authentication import ScopePermission
from crm.team.permissions import demand, permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict
from crm.web.resources import Listing, Resource
from retention.workflows import actions, definition, published
from retention.workflows.api import serializers as told
from retention.workflows.api.drafting import Drafting
from retention.workflows.api.enrolling import Enrolling
from retention.workflows.changing import moving as moves
from retention.workflows.changing import preview
from retention.workflows.changing.resuming import SPREAD, Choice, ResumeError
from retention.workflows.definition import DefinitionError
from retention.workflows.models import Workflow, WorkflowVersion
from retention.workflows.recipes import RecipeError


@extend_schema_view(retrieve=extend_schema(responses=told.OneWorkflowSerializer))
class WorkflowResource(Drafting, Enrolling, Listing, Resource):
    """What Holdfast does by itself: recipes that were ever switched on, and workflows made here."""

    queryset = Workflow.objects.select_related("version").order_by("-id")
    serializer_class = told.WorkflowSerializer
    permission_classes = (ScopePermission, permitted("manage_workflows"))
    paged: ClassVar[frozenset[str]] = frozenset({"list", "enrollments", "versions"})
    volatile: ClassVar[frozenset[str]] = frozenset({"figures"})

    def get_queryset(self) -> QuerySet[Any]:
        """The house's own, which everybody may read."""
        return Workflow.objects.select_related("version").order_by("-id")

    def get_serializer_class(self) -> Any:
        return told.WorkflowSerializer if self.action == "list" else told.OneWorkflowSerializer

    @extend_schema(responses=told.WorkflowVersionSerializer(many=True))
    @action(detail=True, methods=["get"])
    def versions(self, request: Request, pk: str) -> Response:
        """All that was published, the latest first."""
        page = self.paginate_queryset(WorkflowVersion.objects.filter(workflow=self._row(pk)).order_by("-id"))
        return self.get_paginated_response(told.WorkflowVersionSerializer(page, many=True).data)

    @extend_schema(request=told.DefinitionSerializer, responses=told.ValidationSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def validation(self, request: Request, pk: str) -> Response:
        """Whether a definition could run, and every place where it could not; nothing is kept."""
        self._row(pk)
        found = definition.problems(self._told(told.DefinitionSerializer)["definition"])
        problems = [{"place": where, "reason": reason} for where, reason in found]
        return Response({"valid": not problems, "problems": problems})

    # Switching ----------------------------------------------------------------------------------------------------

    @extend_schema(request=told.ActivationSerializer, responses=told.OneWorkflowSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def activation(self, request: Request, pk: str) -> Response:
        """Switch it on: facts from now on count."""
        current = self._told(told.ActivationSerializer)["include_current"]
        return self._done(pk, lambda row: actions.enable(row.slug, clock.now(), self._by(), include_current=current))

    @extend_schema(request=None, responses=told.OneWorkflowSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def pause(self, request: Request, pk: str) -> Response:
        """Stand still at once, mail included; facts still enter."""

        def verb(row: Workflow) -> None:
            if not actions.pause(row, clock.now(), self._by()):
                raise Conflict(f"{row} is not on.")

        return self._done(pk, verb)

    @extend_schema(request=told.ResumptionSerializer, responses=told.OneWorkflowSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def resumption(self, request: Request, pk: str) -> Response:
        """Go on. What came due meanwhile is left out, spread, or done now."""
        data = self._told(told.ResumptionSerializer)

        def verb(row: Workflow) -> None:
            try:
                over = {"over": timedelta(hours=data["hours"])} if data["how"] == SPREAD else {}
                choice = Choice(data["how"], **over)
            except ResumeError as refusal:
                raise ValidationError({"hours": [str(refusal)]}) from None
            if not actions.resume(row, clock.now(), choice, self._by()):
                raise Conflict(f"{row} is not paused.")

        return self._done(pk, verb)

    @extend_schema(request=None, responses=told.OneWorkflowSerializer, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def deactivation(self, request: Request, pk: str) -> Response:
        """Switch it off at once; who is under way leaves. The act can be undone through /acts/ for 30 days."""
        return self._done(pk, lambda row: actions.disable(row.slug, clock.now(), self._by()))

    # People of earlier versions -----------------------------------------------------------------------------------

    @extend_schema(responses=told.MovePreviewSerializer)
    @action(detail=True, methods=["get"])
    def moving(self, request: Request, pk: str) -> Response:
        """What moving everybody who is under way to the current version would do. For whoever may do it."""
        demand(request.user, "manage_workflows")
        row = self._published(pk)
        seen = preview.preview(row, published.of_version(row.version_id or 0), row.version_id or 0)
        return Response(told.MovePreviewSerializer(seen).data)

    @extend_schema(request=told.MoveSerializer, responses=told.MovedSerializer, parameters=[KEY_PARAMETER])
    @moving.mapping.post
    @idempotent
    def move(self, request: Request, pk: str) -> Response:
        """Move them. What they have done they never do again."""
        added = self._told(told.MoveSerializer)["visit_added"]
        self._published(pk)
        made = moves.move_all(int(pk), self._by(), clock.now(), visit_added=added)
        return Response(told.MovedSerializer(made).data)

    # What they share ----------------------------------------------------------------------------------------------

    def _row(self, pk: str) -> Workflow:
        found: Workflow = get_object_or_404(self.get_queryset(), pk=pk)
        return found

    def _published(self, pk: str) -> Workflow:
        row = self._row(pk)
        if row.version_id is None:
            raise Conflict(f"Nothing of {row} is published yet.")
        return row

    def _told(self, serializer: Any) -> dict[str, Any]:
        given = serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _by(self) -> Any:
        return self.request.user

    def _done(self, pk: str, verb: Callable[[Workflow], object]) -> Response:
        """One verb on one row, whole or not at all; its refusals say why."""
        row = self._row(pk)
        try:
            with transaction.atomic():
                verb(row)
        except (RecipeError, DefinitionError) as refusal:
            raise Conflict(str(refusal)) from None
        return self.answer(self._row(pk))
