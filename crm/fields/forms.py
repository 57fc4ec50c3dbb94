"""Fields of one's own in the forms of records, and the form in which an admin makes one."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.fields import known
from crm.fields.rules import Definition, FieldError
from crm.web.fields import day_input

#: Before a key in the names of a form's fields.
NAMED = "custom_"

_YES_NO = [("", "Not answered"), ("yes", "Yes"), ("no", "No")]
_MODES = {"number": "decimal", "money": "decimal", "phone": "tel", "email": "email", "url": "url"}


def _widget(of: Definition, stored: Any) -> forms.Widget:
    match of.type:
        case "long":
            return forms.Textarea(attrs={"rows": 3})
        case "date":
            return day_input()
        case "yes_no":
            return forms.Select(choices=_YES_NO)
        case "choice" | "user":
            return forms.Select(choices=[("", "None"), *_offered(of, stored)])
        case "choices":
            return forms.CheckboxSelectMultiple(choices=_offered(of, stored), attrs={"data-several": ""})
    return forms.TextInput(attrs={"inputmode": _MODES[of.type]} if of.type in _MODES else {})


def _offered(of: Definition, stored: Any) -> list[tuple[str, str]]:
    """What can be chosen, and what is chosen now, offered or not."""
    held = stored if isinstance(stored, list) else [stored]
    return [(option.code, option.label) for option in of.options if not option.gone or option.code in held]


class ValueField(forms.Field):
    """A field of one's own in a form: cleaned to what is stored, None for nothing.

    What is stored already is taken again as it is, should it not be allowed any more.
    """

    def __init__(self, of: Definition, stored: Any = None, *, needed: bool = True) -> None:
        self.of, self.stored = of, stored
        super().__init__(
            required=of.required and needed, label=of.name, help_text=of.help, widget=_widget(of, stored),
            initial=of.typed(stored),
        )  # fmt: skip
        if self.required and of.type == "choices":
            self.widget.use_required_attribute = lambda initial: False  # type: ignore[method-assign]

    def clean(self, value: Any) -> Any:
        if self.stored is not None and value == self.of.typed(self.stored):
            return self.stored
        try:
            cleaned = self.of.clean(value)
        except FieldError as error:
            raise forms.ValidationError(str(error)) from None
        if cleaned is None and self.required:
            raise forms.ValidationError(f"{self.of.name} must have a value.", code="required")
        return cleaned

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != self.stored)
        except forms.ValidationError:
            return True

    def said(self, value: Any) -> str:
        """As people read it."""
        return self.of.said(value) or "blank"


def fields_for(subject: str, values: dict[str, Any], *, new: bool) -> dict[str, ValueField]:
    """By name, in their order: of a record with these values, or of a new one, which gets the defaults."""
    found = {}
    for of in known.fields(subject):
        found[f"{NAMED}{of.key}"] = field = ValueField(of, values.get(of.key))
        if new:
            field.initial = of.typed(of.default)
    return found


def grouped(form: forms.BaseForm) -> list[tuple[str, list[Any]]]:
    """The bound fields that a form has of `fields_for`, by their headings."""
    groups: dict[str, list[Any]] = {}
    for name, field in form.fields.items():
        if isinstance(field, ValueField) and name.startswith(NAMED):
            groups.setdefault(field.of.group, []).append(form[name])
    return list(groups.items())


def changed(values: dict[str, Any], cleaned: dict[str, Any]) -> dict[str, Any]:
    """The record's values with those that a form has cleaned; what is empty is not in it."""
    mine = {name.removeprefix(NAMED): value for name, value in cleaned.items() if name.startswith(NAMED)}
    return {key: value for key, value in {**values, **mine}.items() if value is not None}
