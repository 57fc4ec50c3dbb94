"""Fields of one's own in the API: an object by key, of which a request may send a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, transaction
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from crm.fields import known
from crm.fields.rules import Definition, FieldError


class CustomField(serializers.Field):  # type: ignore[type-arg]
    """All fields that are in use, null where a record has no value. What a request does not name stays as it is."""

    def __init__(self, subject: str, **options: Any) -> None:
        self.subject = subject
        super().__init__(**({"required": False} | options))

    def to_representation(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {of.key: of.told(value.get(of.key)) for of in known.fields(self.subject)}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The whole of what the record then holds."""
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("must be an object: the fields' keys with their values")
        fields = {of.key: of for of in known.fields(self.subject)}
        wrong = {str(key)[:80]: ["There is no such field."] for key in data if key not in fields}
        values = dict(self._stored())
        for key in data.keys() & fields.keys():
            try:
                values[key] = self._cleaned(fields[key], data[key], values.get(key))
            except FieldError as error:
                wrong[key] = [str(error)]
        if wrong:
            raise serializers.ValidationError(wrong)
        return {key: value for key, value in values.items() if value is not None}

    def _cleaned(self, of: Definition, sent: Any, stored: Any) -> Any:
        if stored is not None and sent == of.told(stored):
            return stored
        value = of.clean(sent)
        if value is None and of.required:
            raise FieldError(f"{of.name} must have a value", "Send one.")
        return value

    def _stored(self) -> Mapping[str, Any]:
        """Of a new record: the defaults."""
        row = getattr(self.parent, "instance", None)
        if row is not None and hasattr(row, "custom"):
            return row.custom  # type: ignore[no-any-return]
        return {of.key: of.default for of in known.fields(self.subject)}

    def completed(self, values: Mapping[str, Any] | None) -> dict[str, Any]:
        """Of a new record, whose request may have said nothing of them. Raises ValidationError for what is missing."""
        made = self.to_internal_value({}) if values is None else dict(values)
        missing = {
            of.key: [f"{of.name} must have a value. Send one."]
            for of in known.fields(self.subject)
            if of.required and of.key not in made
        }
        if missing:
            raise serializers.ValidationError({"custom": missing})
        return made


class WithCustomFields:
    """For serializers with a `custom = CustomField(…)`."""

    def validate(self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        """A new record has its defaults and what it must have, also when the request says nothing of them."""
        attrs = super().validate(attrs)  # type: ignore[misc]
        if self.instance is None:
            attrs["custom"] = self.fields["custom"].completed(attrs.get("custom"))
        return attrs


_JSON: Mapping[str, dict[str, Any]] = {
    "number": {"type": "string", "format": "decimal"}, "money": {"type": "string", "format": "decimal"},
    "date": {"type": "string", "format": "date"}, "yes_no": {"type": "boolean"},
    "choices": {"type": "array", "items": {"type": "string"}}, "email": {"type": "string", "format": "email"},
    "user": {"type": "string", "format": "email"}, "url": {"type": "string", "format": "uri"},
}  # fmt: skip


class CustomFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Which fields there are depends on the installation: the schema names those of this one."""

    target_class = CustomField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        described = {of.key: _schema(of) for of in _there_are(self.target.subject)}
        return {"type": "object", "description": "Fields that admins have made, by their keys.",
                "properties": described}  # fmt: skip


def _there_are(subject: str) -> tuple[Definition, ...]:
    """None before the tables are made: settings are checked by then, and the schema with them."""
    try:
        with transaction.atomic():
            return known.fields(subject)
    except DatabaseError:
        return ()


def _schema(of: Definition) -> dict[str, Any]:
    said = dict(_JSON.get(of.type, {"type": "string"}))
    words = of.help or of.name
    if of.options and of.type != "user":
        words += f" ({', '.join(f'{option.code}: {option.label}' for option in of.offered)})"
    return said | {"type": [said["type"], "null"], "description": words}
