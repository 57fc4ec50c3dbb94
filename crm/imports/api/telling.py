"""What the API says of an import: how far it is, what came of it, and what an undo kept."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm import slots
from crm.imports.models import Import, ImportKept, ImportReject
from crm.imports.rules.plans import Plan
from crm.web import clock
from crm.web.resources import ResourceSerializer

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


class ImportSerializer(ResourceSerializer):
    by = serializers.EmailField(source="by.email", read_only=True, allow_null=True, help_text="Null: a command.")
    job = serializers.ChoiceField(
        choices=Import.Job.choices, read_only=True, help_text="What a worker is asked for; blank: nothing."
    )
    undone_by = serializers.EmailField(source="undone_by.email", read_only=True, allow_null=True)
    undo_until = serializers.DateTimeField(read_only=True, allow_null=True)
    can_undo = serializers.SerializerMethodField()
    act = serializers.IntegerField(source="act_id", read_only=True, allow_null=True, help_text="Of /acts/.")

    class Meta:
        model = Import
        fields: tuple[str, ...] = (
            "id", "kind", "file_name", "size", "lines", "by", "created_at", "state", "job", "phase", "rows_read",
            "queued_at", "started_at", "finished_at", "error", "created", "updated", "skipped", "rejected", "act",
            "can_undo", "undo_until", "undone_at", "undone_by",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields

    def get_can_undo(self, made: Import) -> bool:
        return undoable(made)


def undoable(made: Import) -> bool:
    """As the page offers it: while there is time, for kinds that can."""
    return slots.import_kinds[made.kind].undoable and made.undoable(clock.now())


class SkippedLine(serializers.Serializer[Any]):
    """Where in the file, and what stands there."""

    line = serializers.IntegerField()
    value = serializers.CharField(allow_blank=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """Rows that a dry run refused for the same reason, with the first lines."""

    column = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    remedy = serializers.CharField(allow_blank=True)
    rows = serializers.IntegerField()
    lines = SkippedLine(many=True)


class FieldChange(serializers.Serializer[Any]):
    """In words, as people read them."""

    field = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class RowChange(serializers.Serializer[Any]):
    """What a line of the file would do to a row, or with id null, the row it would make."""

    table = serializers.CharField()
    line = serializers.IntegerField()
    id = serializers.IntegerField(allow_null=True)
    changes = FieldChange(many=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """What a dry run found: the first changes, why rows were refused, and how many new rows look like others."""

    changes = RowChange(many=True)
    reasons = ReasonSerializer(many=True)
    more_reasons = serializers.IntegerField()
    twins = serializers.IntegerField()


class UndoneSerializer(serializers.Serializer[Any]):
    """Rows that an undo took away, rows that hold again what they held, and what it kept: `/kept/` names it."""

    removed = serializers.IntegerField()
    reverted = serializers.IntegerField()
    kept = serializers.IntegerField()
    unnamed = serializers.IntegerField(help_text="Kept as well, and not named.")


class ImportDetailSerializer(ImportSerializer):
    columns = serializers.SerializerMethodField(help_text="Our column → the file’s.")
    left_out = serializers.SerializerMethodField(help_text="The file’s columns that nothing reads.")
    preset = serializers.CharField(source="settings.preset", read_only=True, allow_null=True, default=None)
    policies = serializers.SerializerMethodField()
    twins = serializers.CharField(source="settings.twins", read_only=True, default="create")
    homes = serializers.IntegerField(
        source="report.homes", read_only=True, default=0, help_text="Customers made for people who came without one."
    )
    slashes = serializers.CharField(source="settings.slashes", read_only=True, default="")
    preview = serializers.SerializerMethodField()
    undone = serializers.SerializerMethodField()

    class Meta(ImportSerializer.Meta):
        fields = (
            *ImportSerializer.Meta.fields, "columns", "left_out", "preset", "policies", "twins", "slashes", "homes",
            "preview", "undone",
        )  # fmt: skip

    @extend_schema_field(_TEXTS)
    def get_columns(self, made: Import) -> dict[str, str]:
        if "columns" in made.report:
            return dict(made.report["columns"])
        titles: list[str] = made.report.get("titles", [])
        return {name: titles[at] for at, name in (Plan.from_json(made.settings).columns or {}).items()}

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_left_out(self, made: Import) -> list[str]:
        if "unknown_columns" in made.report:
            return list(made.report["unknown_columns"])
        chosen = Plan.from_json(made.settings).columns or {}
        return [title for at, title in enumerate(made.report.get("titles", [])) if title and at not in chosen]

    @extend_schema_field(_TEXTS)
    def get_policies(self, made: Import) -> dict[str, str]:
        return dict(made.settings.get("policies", {}))

    @extend_schema_field(PreviewSerializer(allow_null=True))
    def get_preview(self, made: Import) -> dict[str, Any] | None:
        """Null unless a dry run is the last thing that was done."""
        report = made.report
        if made.state != Import.State.DRAFT or made.created is None:
            return None
        reasons = [
            reason | {"lines": [{"line": int(line), "value": value} for line, value in reason["lines"]]}
            for reason in report["reasons"]
        ]
        return {
            "changes": report["changes"], "reasons": reasons, "more_reasons": report["more_reasons"],
            "twins": report["twins"]["rows"],
        }  # fmt: skip

    @extend_schema_field(UndoneSerializer(allow_null=True))
    def get_undone(self, made: Import) -> dict[str, int] | None:
        if made.state != Import.State.UNDONE:
            return None
        figures = {name: made.report.get(name, 0) for name in ("removed", "reverted")}
        return figures | {"kept": made.kept.count(), "unnamed": made.report.get("kept_unnamed", 0)}


class RejectSerializer(serializers.ModelSerializer[ImportReject]):
    """A cell for which a row was refused, and what to do."""

    class Meta:
        model = ImportReject
        fields = ("line", "column", "value", "reason", "remedy")
        read_only_fields = fields


class KeptRowSerializer(serializers.ModelSerializer[ImportKept]):
    """A field, or with a blank `field` a whole row, that the undo left as it is."""

    class Meta:
        model = ImportKept
        fields = ("table", "row_id", "name", "field", "reason")
        read_only_fields = fields
