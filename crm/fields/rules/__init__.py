"""What a field that an admin has made may hold, and how it reads: each type once, for form, file, API and page."""

from crm.fields.rules.definition import LONGEST_KEY, TYPES, Definition, FieldError, FieldType, Option, key_of
from crm.fields.rules.types import WITH_OPTIONS

__all__ = ["LONGEST_KEY", "TYPES", "WITH_OPTIONS", "Definition", "FieldError", "FieldType", "Option", "key_of"]
