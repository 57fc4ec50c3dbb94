"""The controls of a public form: for each target one, cleaned to what its outcome takes."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from crm.fields.forms import ValueField
from crm.forms import targets
from crm.forms.models import Asked
from crm.slots import FormTarget

#: Files of one entry, and bytes of them together.
MOST_FILES, MOST_BYTES = 5, 10 * 1024 * 1024
_PHONE = re.compile(r"[0-9+()/.\- ]{5,40}")
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}")


class _Several(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile]:
        return list(files.getlist(name)) if hasattr(files, "getlist") else []


class FilesField(forms.FileField):
    """Several files, in all no more than MOST_BYTES."""

    widget = _Several

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        if self.required and not data:
            raise forms.ValidationError(self.error_messages["required"])
        found = [super(FilesField, self).clean(one, initial) for one in data or []]
        size = sum(one.size or 0 for one in found)
        if len(found) > MOST_FILES:
            raise forms.ValidationError(f"{MOST_FILES} files are the most. Choose them again.")
        if size > MOST_BYTES:
            raise forms.ValidationError(
                f"These files have {filesizeformat(size)} together; {filesizeformat(MOST_BYTES)} are the most."
            )
        return found


class _PhoneField(forms.CharField):
    def clean(self, value: Any) -> str:
        number = str(super().clean(value))
        if number and not _PHONE.fullmatch(number):
            raise forms.ValidationError("Write a number as it is dialled, such as +44 20 7946 0100.")
        return number


class DomainField(forms.CharField):
    """People paste addresses; kept is the bare domain."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value)).lower()
        bare = text.removeprefix("https://").removeprefix("http://").removeprefix("www.").partition("/")[0]
        if bare and not _DOMAIN.fullmatch(bare):
            raise forms.ValidationError("Write it as www.example.com.")
        return bare


def control(asked: Asked) -> forms.Field | None:
    """Of a field of a form; None: its target is gone, and it is not asked any more."""
    found = targets.target(asked.target)
    if found is None:
        return None
    if of := targets.definition(asked.target):
        field: forms.Field = ValueField(of)
        field.label, field.help_text, field.required = asked.label or of.name, asked.help, asked.required
        return field
    field = _made(asked, found)
    field.widget.attrs |= {"autocomplete": found.autocomplete} if found.autocomplete else {}
    return field


def _made(asked: Asked, of: FormTarget) -> forms.Field:
    common: dict[str, Any] = {
        "required": asked.required, "label": asked.label or of.label, "help_text": asked.help,
        "error_messages": {"required": of.missing, "invalid_choice": "Choose one of the list."},
    }  # fmt: skip
    if asked.options or of.kind == "choice":
        choices = [(one, one) for one in asked.options] if asked.options else list(of.choices() if of.choices else ())
        return forms.ChoiceField(choices=[("", "Choose…"), *(one for one in choices if one[0])], **common)
    match of.kind:
        case "files":
            common["help_text"] = asked.help or f"Up to {MOST_FILES}, {MOST_BYTES // 1024**2} MB together."
            return FilesField(max_length=150, **common)
        case "email":
            common["error_messages"]["invalid"] = "This is no e-mail address."
            return forms.EmailField(max_length=of.longest, **common)
    common["max_length"] = of.longest
    match of.kind:
        case "long":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 6}), **common)
        case "phone":
            return _PhoneField(widget=forms.TextInput(attrs={"inputmode": "tel"}), **common)
        case "domain":
            return DomainField(widget=forms.TextInput(attrs={"inputmode": "url"}), **common)
    return forms.CharField(**common)


def said(field: forms.Field, value: Any) -> str:
    """An answer as people read it."""
    if isinstance(field, ValueField):
        return field.of.said(value)
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return str(dict(choices).get(value, value))
    if isinstance(field, FilesField):
        return ", ".join(str(one.name) for one in value)
    return str(value)
