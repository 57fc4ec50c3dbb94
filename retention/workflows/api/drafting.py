"""What is being built, in the API: a workflow is made, its draft read and replaced, published or thrown away.

A program sends whole definitions. What a person has begun in the builder may be unfinished; then it says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.team.permissions import demand
from crm.web import clock, standing
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict, PreconditionFailed
from retention.workflows import definition
from retention.workflows.api import serializers as told
from retention.workflows.building import checking, drafts, files, making
from retention.workflows.building.drafts import DraftError
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError

_IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the draft that you read; without it, whatever is there.",
)


class Drafting:
    """A part of the workflows' resource. All of it is for whoever may manage workflows."""

    @extend_schema(
        request=told.NewWorkflowSerializer, responses={201: told.OneWorkflowSerializer}, parameters=[KEY_PARAMETER]
    )
    @idempotent
    def create(self: Any, request: Request) -> Response:
        """Make one: empty under a name, as a copy of another, or from a definition. Nothing runs before it is
        published and switched on."""
        data, by, now = self._told(told.NewWorkflowSerializer), self._by(), clock.now()
        try:
            if "definition" in data:
                made = making.from_definition(data["definition"], by, now)
            elif "copy_of" in data:
                made = making.copy_of(data["copy_of"].slug, data.get("name", ""), by, now)
            else:
                made = making.begin(data.get("name", ""), by, now)
        except RecipeError as refusal:
            raise ValidationError({"definition": [str(refusal)]}) from None
        except DraftError as refusal:
            raise ValidationError({"name": [str(refusal)]}) from None
        return self.answer(self._row(made.pk), 201)  # type: ignore[no-any-return]

    @extend_schema(responses=told.DraftSerializer)
    @action(detail=True, methods=["get"])
    def draft(self: Any, request: Request, pk: str) -> Response:
        """As it stands, or what runs where nobody has begun one; with everything that is wrong yet."""
        demand(request.user, "manage_workflows")
        return _shown(_own(self, pk))

    @extend_schema(request=told.DefinitionSerializer, responses=told.DraftSerializer, parameters=[_IF_MATCH])
    @draft.mapping.put
    def replace_draft(self: Any, request: Request, pk: str) -> Response:
        """Put a definition in its place. What is published goes on as it is; the builder can undo this."""
        workflow, given = _own(self, pk), self._told(told.DefinitionSerializer)["definition"]
        try:
            made = files.sound(given)
        except RecipeError as refusal:
            raise ValidationError({"definition": [str(refusal)]}) from None
        if wrong := checking.problems(made):
            raise ValidationError({"definition": [f"{one.called}: {one.words}" for one in wrong]})

        def change(data: dict[str, Any]) -> str:
            data.clear()
            data.update(made)
            return "replaced the whole of it"

        by, now = self._by(), clock.now()
        return _shown(
            _changed(request, workflow, lambda edition: drafts.edit(workflow.slug, edition, change, "", by, now))
        )

    @extend_schema(
        request=told.PublicationSerializer, responses=told.OneWorkflowSerializer, parameters=[_IF_MATCH, KEY_PARAMETER]
    )
    @action(detail=True, methods=["post"], url_path="draft/publication")
    @idempotent
    def draft_publication(self: Any, request: Request, pk: str) -> Response:
        """Make the draft the next version. Whoever is under way finishes on theirs, unless they are moved."""
        workflow, note = _own(self, pk), self._told(told.PublicationSerializer)["note"]
        by, now = self._by(), clock.now()
        _changed(request, workflow, lambda edition: drafts.publish(workflow.slug, edition, by, now, note))
        standing.forget()
        return self.answer(self._row(pk))  # type: ignore[no-any-return]

    @extend_schema(request=None, responses=told.DraftSerializer, parameters=[_IF_MATCH, KEY_PARAMETER])
    @action(detail=True, methods=["post"], url_path="draft/discarding")
    @idempotent
    def draft_discarding(self: Any, request: Request, pk: str) -> Response:
        """Back to what is published."""
        workflow, by, now = _own(self, pk), self._by(), clock.now()
        return _shown(_changed(request, workflow, lambda edition: drafts.discard(workflow.slug, edition, by, now)))


def _own(resource: Any, pk: str) -> Workflow:
    """Recipes, and what another page writes, have no draft."""
    found: Workflow = get_object_or_404(resource.get_queryset().filter(recipe="", room=""), pk=pk)
    return found


def _changed(request: Request, workflow: Workflow, verb: Callable[[int], Workflow]) -> Workflow:
    """One verb on the draft that `If-Match` names, locked since it was compared."""
    wanted = request.headers.get("If-Match", "*").strip()
    try:
        with transaction.atomic():
            edition = drafts.own(workflow.slug).draft_edition
            if wanted != "*" and f'"{edition}"' not in {one.strip().removeprefix("W/") for one in wanted.split(",")}:
                raise PreconditionFailed
            return verb(edition)
    except (DraftError, RecipeError) as refusal:
        raise Conflict(str(refusal)) from None


def _shown(workflow: Workflow) -> Response:
    data = drafts.current(workflow)
    found = [{"place": where, "reason": reason} for where, reason in definition.problems(data)]
    shown = {
        "edition": workflow.draft_edition, "begun": workflow.draft is not None, "definition": data, "problems": found,
        "drafted_at": workflow.drafted_at,
    }  # fmt: skip
    return Response(told.DraftSerializer(shown).data, headers={"ETag": f'"{workflow.draft_edition}"'})
