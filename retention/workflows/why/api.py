"""The same answer for programs."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound as NoSuch
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.team.viewer import viewer_of
from crm.web import clock
from retention.workflows.why import finding


class LineSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField()
    holds = serializers.BooleanField(allow_null=True)
    depth = serializers.IntegerField(help_text="Of a group of conditions: those of the group stand one deeper.")
    more = serializers.CharField()


class PartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    holds = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField()
    lines = LineSerializer(many=True)


class WhySerializer(serializers.Serializer[Any]):
    headline = serializers.CharField(help_text="The answer in one sentence.")
    gets = serializers.BooleanField(allow_null=True)
    parts = PartSerializer(many=True)


class WhyResource(APIView):
    """Why a customer gets a workflow, or one step of it, or does not: each thing that was asked, with what was seen."""

    permission_classes = (ScopePermission, permitted("view"))
    http_method_names: ClassVar[list[str]] = ["get", "head"]

    @extend_schema(
        parameters=[
            OpenApiParameter("account", int, required=True),
            OpenApiParameter("contact", int),
            OpenApiParameter("step", str),
        ],
        responses=WhySerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = {name: request.query_params.get(name, "") for name in ("account", "contact", "step")}
        if unknown := sorted(set(request.query_params) - set(asked)):
            raise ValidationError({unknown[0]: [f"is not known; there are {', '.join(asked)}"]})
        if not asked["account"]:
            raise ValidationError({"account": ["must name the customer by id"]})
        viewer = viewer_of(request)
        try:
            of, who = finding.workflow(slug), finding.person(viewer, asked["account"], asked["contact"])
            answer = finding.answer(viewer, of, who, asked["step"], clock.now())
        except finding.NotFound as error:
            raise NoSuch(str(error)) from None
        return Response(answer.as_json())
