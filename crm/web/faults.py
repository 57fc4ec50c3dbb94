"""What a refused form says, in the words of the house: Django's own speak of fields, values and choices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import validators

_PICK, _NOT_THERE = "Choose one of the list.", "“%(value)s” is not in the list: choose one that is."
_WRITE: dict[type[forms.Field], str] = {
    forms.EmailField: "This is no e-mail address. Write one such as name@example.com.",
    forms.DateField: "This is no day of the calendar.",
    forms.DateTimeField: "This is no day and time.",
    forms.TimeField: "This is no time. Write one such as 09:30.",
    forms.IntegerField: "Write a whole number.",
    forms.DecimalField: "Write a number, such as 12.50.",
    forms.URLField: "This is no address of a page. Write one such as https://www.example.com.",
}
_SLUG = "Write letters, digits and hyphens only, without blanks."

#: What is said of any field alike, so that it needs the field's name where it does not stand beside it.
REQUIRED = "Fill this in."


def speak_plainly() -> None:
    """Once, as the house opens: what a form or a field says of its own goes before this."""
    forms.Field.default_error_messages["required"] = REQUIRED
    forms.ModelChoiceField.default_error_messages["invalid_choice"] = _PICK
    for field in (forms.ChoiceField, forms.MultipleChoiceField, forms.ModelMultipleChoiceField):
        field.default_error_messages["invalid_choice"] = _NOT_THERE
    for kind, words in _WRITE.items():
        kind.default_error_messages = {**kind.default_error_messages, "invalid": words}
    validators.EmailValidator.message = _WRITE[forms.EmailField]
    validators.URLValidator.message = _WRITE[forms.URLField]
    setattr(validators.validate_slug, "message", _SLUG)  # noqa: B010  (what Django says of itself: a function)
    digits = validators.DecimalValidator.messages
    digits["max_digits"] = digits["max_whole_digits"] = "This number is too long: at most %(max)s digits fit here."
    digits["max_decimal_places"] = "Too many digits behind the point: %(max)s fit here."
    validators.MaxLengthValidator.message = "At most %(limit_value)d characters fit here, and these are %(show_value)d."  # type: ignore[assignment]
    validators.MinValueValidator.message = "Write %(limit_value)s or more."
    validators.MaxValueValidator.message = "Write %(limit_value)s or less."


def first_fault(form: Any) -> str:
    """The first thing that is wrong, for a toast, which stands beside no field: so it names the field."""
    name, found = next(iter(form.errors.as_data().items()))
    words = str(next(iter(found[0].messages)))
    field = form.fields.get(name)
    general = found[0].code in ("required", "invalid", "invalid_choice", "max_length", "min_value", "max_value")
    its_own = field is not None and field.error_messages.get(found[0].code) not in (None, *_general())
    if field is None or not general or its_own or not form[name].label:
        return words
    return f"{form[name].label}: {words[0].lower()}{words[1:]}"


def _general() -> tuple[str, ...]:
    return (REQUIRED, _PICK, _NOT_THERE, *_WRITE.values())
