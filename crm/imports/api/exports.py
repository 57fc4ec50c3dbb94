"""Exports in the API: rows of a list as a CSV file, streamed in the answer and put down in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from crm import slots
from crm.accounts.models import Account
from crm.history.models import Door
from crm.imports.actions.exporting import SUBJECTS, stream
from crm.imports.attachments import attached
from crm.segments.filters import FilterError, parse
from crm.segments.listing.state import address_of
from crm.segments.models import SavedView
from crm.team.authentication import ScopePermission
from crm.team.permissions import permitted
from crm.timeline.models import TimelineEntry
from crm.web import clock
from crm.web.resources import Resource, VisibleField, unknown_fields

MOST_IDS = 10_000


class ExportSerializer(serializers.Serializer[Any]):
    """Which rows, and which of their columns. Without `filter`, `view` and `ids`: all that you may see."""

    subject = serializers.ChoiceField(choices=list(SUBJECTS))
    columns = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, allow_empty=False, max_length=300,
        help_text="In their order; without: as the page proposes.",
    )  # fmt: skip
    filter = serializers.DictField(required=False, help_text="A tree of the filter language.")
    view = VisibleField(queryset=SavedView.objects.all(), required=False, help_text="A saved view, narrowed by filter.")
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, allow_empty=False,
        max_length=MOST_IDS,
    )  # fmt: skip
    account = VisibleField(queryset=Account.objects.all(), required=False, help_text="Whose entries; for those alone.")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        refused = unknown_fields(self, self.initial_data) | _refused(data)
        if refused:
            raise serializers.ValidationError(refused)
        return data


def _refused(data: dict[str, Any]) -> dict[str, list[str]]:
    """What does not go together, by field."""
    subject, columns = data["subject"], SUBJECTS[data["subject"]].columns
    refused: dict[str, list[str]] = {}
    if unknown := [name for name in data.get("columns", []) if name not in columns]:
        refused["columns"] = [f"There is no column {unknown[0]}. Known: {', '.join(columns)}."]
    if ("account" in data) != (subject == "entry"):
        refused["account"] = ["Entries are those of one account; others are not. Name it for entries alone."]
    for name in ("filter", "view"):
        if name in data and subject not in slots.lists:
            refused[name] = [f"There is no list of {SUBJECTS[subject].noun[1]} to narrow. Name ids, or take all."]
        elif name in data and "ids" in data:
            refused[name] = ["Either this narrows the list, or ids name rows of it."]
    if "ids" in data and subject == "entry":
        refused["ids"] = ["Entries are exported whole, those of one account."]
    if "view" in data and data["view"].subject != subject:
        refused["view"] = [f"This view is one of {SUBJECTS[data['view'].subject].noun[1]}."]
    return refused


class ExportResource(Resource):
    """Lists as files. Each export is an act that whoever reads the audit log sees."""

    queryset = SavedView.objects.all()
    serializer_class = ExportSerializer
    permission_classes = (ScopePermission, permitted("export", reading="export"))

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def create(self, request: Request) -> StreamingHttpResponse:
        """The rows in the order of their ids, the first line naming the columns as an import would."""
        data, now, by = self.checked(request).validated_data, clock.now(), request.user
        subject = data["subject"]
        known = SUBJECTS[subject].columns
        columns = list(dict.fromkeys(data.get("columns", []))) or [
            name for name, column in known.items() if column.chosen
        ]
        try:
            rows = _rows(data, by, now)
        except FilterError as error:
            raise serializers.ValidationError({"filter": [str(error)]}) from None
        lines = stream(subject, rows, columns, by, now, _told(data), Door.API)  # type: ignore[arg-type]
        name = f"timeline-{data['account'].pk}" if subject == "entry" else f"{subject}s"
        return attached(lines, name, now)


def _rows(data: dict[str, Any], by: Any, now: datetime) -> Any:
    """Raises FilterError, and Http404 for a view that names what is no longer there."""
    subject = data["subject"]
    if subject == "entry":
        return TimelineEntry.objects.visible_to(by).filter(account=data["account"])
    rows = SUBJECTS[subject].model.objects.visible_to(by)
    if "ids" in data:
        return rows.filter(pk__in=data["ids"])
    if "view" in data:
        asked = QueryDict(mutable=True)
        asked.update(address_of(data["view"]))
        rows = slots.lists[subject].rows(asked, by, now)
    return parse(data["filter"], subject, by).apply(rows, now) if "filter" in data else rows


def _told(data: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, for the audit log."""
    told: dict[str, Any] = {name: data[name].pk for name in ("view", "account") if name in data}
    if "filter" in data:
        told["filter"] = data["filter"]
    return told | ({"chosen": len(data["ids"])} if "ids" in data else {})
