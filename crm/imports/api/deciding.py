"""What a program says of a file that it sends, checked against the file's first row before anything is queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from crm import slots
from crm.imports.actions.reading import recognised, what_lacks
from crm.imports.actions.storing import too_large
from crm.imports.rules.files import FileRefused
from crm.imports.rules.headers import folded
from crm.imports.rules.plans import DEFAULT_POLICY, POLICIES, SLASHES, TWINS, Plan
from crm.imports.rules.presets import PRESETS
from crm.web.parsing import check_data
from crm.web.resources import unknown_fields


class KindField(serializers.ChoiceField):
    """A kind of file; which there are is known once all rooms have said so."""

    def __init__(self, **more: Any) -> None:
        super().__init__(choices=slots.import_kinds.names(), **more)


@extend_schema_field({"type": "object", "additionalProperties": {"type": ["string", "null"]}})
class TextsField(serializers.JSONField):
    """Texts, or null, by name; in a form, as JSON."""

    default_error_messages = {"invalid": "This is no JSON object of texts by name."}

    def to_internal_value(self, data: Any) -> dict[str, str | None]:
        try:
            given = super().to_internal_value(data)
        except RecursionError:
            self.fail("invalid")
        if not isinstance(given, dict) or not all(text is None or isinstance(text, str) for text in given.values()):
            self.fail("invalid")
        check_data(given)
        return given


class FileSerializer(serializers.Serializer[Any]):
    """A CSV file, and what it may do to what is there."""

    kind = KindField()
    file = serializers.FileField(allow_empty_file=True)
    mapping = TextsField(
        required=False,
        help_text="The file’s title → our column, or null to leave it out. Titles that are called as ours are found.",
    )
    preset = serializers.ChoiceField(choices=list(PRESETS), required=False, help_text="The system it comes from.")
    policies = TextsField(
        required=False,
        help_text="Our column → what a filled cell does to a row that is there: "
        + ", ".join(f"{name} ({words.lower()})" for name, words in POLICIES.items()),
    )
    twins = serializers.ChoiceField(
        choices=list(TWINS), default="create", help_text="New rows that look like somebody who is there."
    )
    slashes = serializers.ChoiceField(
        choices=[name for name in SLASHES if name], required=False, help_text="What comes first in 3/4/2026."
    )
    makes = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        help_text="What else the file of contacts may make: company (a customer of each that is not here yet), person "
        "(people without a company as customers of their own). By default both for vCards, else neither.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only work out what it would do.")

    def validate_file(self, file: UploadedFile[bytes]) -> UploadedFile[bytes]:
        if refusal := too_large(file.size or 0, file.name or "The file"):
            raise serializers.ValidationError(refusal)
        return file

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if unknown := unknown_fields(self, self.initial_data):
            raise serializers.ValidationError(unknown)
        known = PRESETS.get(data.get("preset", ""), {})
        if "preset" in data and data["kind"] not in known:
            raise serializers.ValidationError({"preset": [f"{data['preset']} knows {', '.join(known)} only."]})
        kind = slots.import_kinds[data["kind"]]
        if strange := [name for name in data.get("makes", ()) if name not in kind.makes]:
            known_makes = ", ".join(kind.makes) or "nothing"
            raise serializers.ValidationError({"makes": [f"{strange[0]} is not made here. Known: {known_makes}."]})
        columns = kind.columns
        refused = {
            name: [why] for name, policy in data.get("policies", {}).items() if (why := _refused(columns, name, policy))
        }
        if refused:
            raise serializers.ValidationError({"policies": refused})
        return data


def _refused(columns: Mapping[str, slots.ImportColumn], name: str, policy: str | None) -> str:
    """Why nobody can decide so about a column; blank: somebody can."""
    if name not in columns:
        return f"There is no such column. Known: {', '.join(columns)}."
    if policy not in POLICIES:
        return f"must be one of {', '.join(POLICIES)}"
    if policy != DEFAULT_POLICY and not columns[name].policies:
        return "This column says which row is meant; it has no policy of its own."
    return ""


def plan_of(data: Mapping[str, Any], titles: Sequence[str]) -> Plan:
    """How the file with these titles is read. `data` is what FileSerializer has checked. Raises ValidationError."""
    kind = slots.import_kinds[data["kind"]]
    preset = data.get("preset")
    mapping: dict[str, str | None] = data.get("mapping", {})
    _check(mapping, kind, titles)
    left_out = {folded(title) for title, column in mapping.items() if column is None}
    offered = ["" if folded(title) in left_out else title for title in titles]
    try:
        header = recognised(
            offered, kind, PRESETS[preset][data["kind"]] if preset else None,
            {title: column for title, column in mapping.items() if column is not None},
        )  # fmt: skip
    except FileRefused as error:
        raise ValidationError({"file": [str(error)]}) from None
    makes = tuple(data["makes"]) if "makes" in data else None
    if gap := what_lacks(kind, header, titles, makes):
        raise ValidationError({"file": [f"{gap} Say in `mapping` which they are, or name a preset."]})
    return Plan(
        preset=preset, columns={at: name for name, places in header.positions.items() for at in places},
        policies={name: policy for name, policy in data.get("policies", {}).items() if policy != DEFAULT_POLICY},
        twins=data["twins"], slashes=data.get("slashes", ""), makes=makes,
    )  # fmt: skip


def _check(mapping: Mapping[str, str | None], kind: slots.ImportKind, titles: Sequence[str]) -> None:
    """Each title is the file's, each column ours, and none is filled twice that cannot be. Raises ValidationError by
    title."""
    there = {folded(title) for title in titles}
    refused: dict[str, list[str]] = {}
    taken: dict[str, str] = {}
    for title, column in mapping.items():
        if folded(title) not in there:
            refused[title] = [f"The file has no such column. Its first row is: {', '.join(titles)[:500]}."]
        elif column is not None and column not in kind.columns:
            refused[title] = [f"There is no column {column} to map to. Known: {', '.join(kind.columns)}."]
        elif column is not None and column in taken and not kind.columns[column].several:
            refused[title] = [f"{taken[column]} goes to {column} already. Choose one of them."]
        elif column is not None:
            taken[column] = title
    if refused:
        raise ValidationError({"mapping": refused})
