"""Public forms in the API: what each asks, and entries that a server of one's own sends."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.forms import rules, targets
from crm.forms.actions.arriving import Sent, store
from crm.forms.forms.entry import AnswersForm
from crm.forms.models import FormEntry, PublicForm
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.web import clock
from crm.web.idempotency import KEY_PARAMETER, idempotent
from crm.web.problems import Conflict
from crm.web.resources import Listing, Moment, Resource, ResourceSerializer, StrictSerializer

#: Of one answer as text; what a field takes is less.
_LONGEST = 20_000


class AskedSerializer(serializers.Serializer[Any]):
    """One field of a form: answers are sent by its target."""

    target = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    required = serializers.BooleanField()  # type: ignore[assignment]
    kind = serializers.CharField(help_text="text, long, email, phone, domain, choice, files, or a type of fields.")


class FormSerializer(ResourceSerializer):
    fields_asked = serializers.SerializerMethodField()
    url = serializers.CharField(source="get_absolute_url", read_only=True)
    archived_at = Moment(read_only=True, allow_null=True, help_text="Since when it is switched off.")

    class Meta:
        model = PublicForm
        fields = (
            "id", "slug", "name", "title", "outcome", "language", "consent", "consent_version", "fields_asked", "url",
            "created_at", "archived_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(AskedSerializer(many=True))
    def get_fields_asked(self, form: PublicForm) -> list[dict[str, Any]]:
        found = [(one, targets.target(one.target)) for one in form.asked]
        return [
            {"target": one.target, "label": one.label, "required": one.required, "kind": of.kind}
            for one, of in found if of
        ]  # fmt: skip


class SourceSerializer(StrictSerializer):
    """Where whoever filled it in came from."""

    page = serializers.CharField(max_length=2000, required=False)
    referrer = serializers.CharField(max_length=2000, required=False)
    utm_source = serializers.CharField(max_length=500, required=False)
    utm_medium = serializers.CharField(max_length=500, required=False)
    utm_campaign = serializers.CharField(max_length=500, required=False)
    utm_term = serializers.CharField(max_length=500, required=False)
    utm_content = serializers.CharField(max_length=500, required=False)


class SubmissionSerializer(StrictSerializer):
    answers = serializers.DictField(
        child=serializers.JSONField(), help_text="By target: {“contact.email”: “sofia@x.example”}. Files are not taken."
    )
    consent = serializers.CharField(
        max_length=8, required=False, allow_blank=True,
        help_text="The version of the words on consent that somebody agreed to; blank: they did not.",
    )  # fmt: skip
    source = SourceSerializer(required=False)  # type: ignore[assignment]


class FormEntrySerializer(serializers.Serializer[Any]):
    """An entry that was taken. It is worked within seconds."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(FormEntry.State.choices)
    received_at = Moment()


class FormResource(Listing, Resource):
    """Forms that anybody may fill in. Admins make them on pages; a server sends what was filled in elsewhere."""

    queryset = PublicForm.objects.order_by("pk")
    serializer_class = FormSerializer
    permission_classes = (ScopePermission, permitted("edit"))
    http_method_names: ClassVar[list[str]] = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[Any]:
        """The house's own, which everybody sees."""
        return PublicForm.objects.order_by("pk")

    @extend_schema(request=SubmissionSerializer, responses={202: FormEntrySerializer}, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def submissions(self, request: Request, pk: str) -> Response:
        """Send what somebody filled in on a page of yours. It is checked as the form's own page checks it."""
        form = get_object_or_404(self.get_queryset(), pk=pk)
        if form.archived_at:
            raise Conflict("This form is switched off, and takes nothing.")
        given = SubmissionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        filled = _checked(form, given.validated_data)
        source = rules.source_of(given.validated_data.get("source", {}))
        agreed = bool(given.validated_data.get("consent"))
        sent = Sent(
            uuid4().hex, filled.answers, filled.said, agreed, (), source, FormEntry.Door.API, filled.suspicion
        )  # fmt: skip
        with transaction.atomic():
            entry = store(form, sent, clock.now())
        assert entry is not None  # its number is new
        return Response(FormEntrySerializer(entry).data, status=HTTPStatus.ACCEPTED)


def _checked(form: PublicForm, given: dict[str, Any]) -> AnswersForm:
    """Raises ValidationError, with each reason under the target that it is about."""
    asked = {one.target for one in form.asked}
    wrong = {name[:80]: ["This form does not ask for it."] for name in given["answers"] if name not in asked}
    version = given.get("consent", "")
    if version and version != form.consent_version:
        wrong["consent"] = ["These are not the words that the form shows now. Read it again, and ask again."]
    for name, value in given["answers"].items():
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(one, (str, int, float, bool)) and _is_text(str(one)) for one in parts):
            wrong.setdefault(name[:80], ["must be a text, a number, yes or no, or a list of them"])
    filled = AnswersForm(form, {} if wrong else given["answers"])
    if not wrong and not filled.is_valid():
        wrong = {name: [str(error) for error in errors] for name, errors in filled.errors.items()}
    if wrong:
        raise ValidationError({"answers": wrong})
    return filled


def _is_text(given: str) -> bool:
    """No longer than any answer is, and nothing that UTF-8 has no bytes for: halves of a pair, which JSON can hold."""
    return len(given) <= _LONGEST and not any("\ud800" <= char <= "\udfff" for char in given)
