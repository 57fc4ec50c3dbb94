"""Imports in the API: a file is sent with what shall become of it, and a worker does it; so with its undo."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from crm.imports.actions.storing import receive, too_large
from crm.imports.api.deciding import FileSerializer, plan_of
from crm.imports.api.telling import (
    ImportDetailSerializer,
    ImportSerializer,
    KeptRowSerializer,
    RejectSerializer,
    undoable,
)
from crm.imports.models import Import
from crm.imports.rules.files import FileRefused
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import LARGEST_BODY, BodyTooLarge, Conflict
from crm.web.resources import Listing, Resource


@extend_schema_view(retrieve=extend_schema(responses=ImportDetailSerializer))
class ImportResource(Listing, Resource):
    """Files that came in: one's own, and everybody's for admins; the latest first."""

    queryset = Import.objects.select_related("by", "undone_by")
    serializer_class = ImportSerializer
    permission_classes = (ScopePermission, permitted("import", reading="import"))
    parser_classes = (MultiPartParser,)
    paged = frozenset({"list", "rejects", "kept"})
    volatile: ClassVar[frozenset[str]] = frozenset({"can_undo", "phase", "rows_read"})

    def check_size(self, length: int) -> None:
        """A file may be larger than what other resources read; what surrounds it may not."""
        if self.action != "create":
            super().check_size(length)
        elif refusal := too_large(length - LARGEST_BODY, "The body"):
            raise BodyTooLarge(refusal)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.defer("settings", "report") if self.action == "list" else rows

    def get_serializer_class(self) -> Any:
        special: dict[str | None, Any] = {
            "list": ImportSerializer, "rejects": RejectSerializer, "kept": KeptRowSerializer,
        }  # fmt: skip
        return special.get(self.action, ImportDetailSerializer)

    @property
    def ordering(self) -> tuple[str, ...]:
        return {"rejects": ("line", "id"), "kept": ("id",)}.get(self.action or "", ("-id",))

    @extend_schema(
        request={"multipart/form-data": FileSerializer},
        responses={201: ImportDetailSerializer},
        parameters=[KEY_PARAMETER],
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Send a file. A worker imports it, all or nothing, or with `dry_run` works out what it would do.

        Rows that cannot be loaded do not stop the others: `/rejects/` names their lines and columns.
        """
        given = FileSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data, now, by = given.validated_data, clock.now(), request.user
        try:
            with transaction.atomic():
                made = receive(data["file"], data["kind"], by, now)  # type: ignore[arg-type]
                made.settings = plan_of(data, made.report["titles"]).as_json()
                made.queue(Import.Job.PREVIEW if data["dry_run"] else Import.Job.LOAD, by, now)  # type: ignore[arg-type]
        except FileRefused as error:
            raise ValidationError({"file": [str(error)]}) from None
        return self.answer(made, 201)

    @extend_schema(request=None, responses={202: ImportDetailSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def loading(self, request: Request, pk: str) -> Response:
        """Let a worker import the file of a dry run. Doing so again changes nothing."""
        with transaction.atomic():
            made: Import = self.locked(request, pk)
            if made.job != Import.Job.LOAD:
                if refusal := _not_loadable(made):
                    raise Conflict(refusal)
                made.queue(Import.Job.LOAD, request.user, clock.now())  # type: ignore[arg-type]
        return self.answer(made, 202)

    @extend_schema(request=None, responses={202: ImportDetailSerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def undo(self, request: Request, pk: str) -> Response:
        """Let a worker take the import back: `undone` and `/kept/` say what came of it. Again changes nothing."""
        with transaction.atomic():
            made: Import = self.locked(request, pk)
            if not undoable(made):
                raise Conflict(_not_undoable(made))
            made.queue(Import.Job.UNDO, request.user, clock.now())  # type: ignore[arg-type]
        return self.answer(made, 202)

    @extend_schema(responses=RejectSerializer(many=True))
    @action(detail=True, methods=["get"])
    def rejects(self, request: Request, pk: str) -> Response:
        """Rows that were not imported, by their lines, for as long as the import can be undone."""
        return self._page(get_object_or_404(self.get_queryset(), pk=pk).rejects.all())

    @extend_schema(responses=KeptRowSerializer(many=True))
    @action(detail=True, methods=["get"])
    def kept(self, request: Request, pk: str) -> Response:
        """What the undo left as it is, with the reasons."""
        return self._page(get_object_or_404(self.get_queryset(), pk=pk).kept.all())

    def _page(self, rows: Any) -> Response:
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)


def _not_loadable(made: Import) -> str:
    """Why there is nothing to import; blank: there is."""
    if made.job:
        return "A worker is still at it. Wait until `job` is blank."
    if made.state != Import.State.DRAFT:
        return "This import is not a draft any more. Send the file again."
    if made.created is None:
        return f"Its dry run came to nothing: {made.error or 'it was never asked for.'} Send the file again."
    return ""


def _not_undoable(made: Import) -> str:
    match made.state:
        case Import.State.UNDONE:
            return f"{made.undone_by or 'Somebody'} has undone this import already."
        case Import.State.DONE if made.undo_until and made.undo_until <= clock.now():
            return "This import cannot be undone any more: it is too long ago."
        case Import.State.DONE:
            return "Imports of this kind cannot be undone."
    return "Nothing was imported that could be undone."
