"""Form fields that several rooms' forms share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from crm.web import clock


class ZoneField(forms.CharField):
    """A time zone's name, typed with suggestions (ui/zones.html): 600 are too many to scroll."""

    def __init__(self, **options: Any) -> None:
        shown = "such as Europe/Berlin"  # or else it reads like a value
        attributes = {"list": "zones", "placeholder": shown, "autocomplete": "off", "spellcheck": "false"}
        super().__init__(required=False, label="Time zone", widget=forms.TextInput(attrs=attributes), **options)

    @property
    def names(self) -> list[str]:
        return sorted(clock.ZONE_NAMES)

    def clean(self, value: Any) -> str:
        name = super().clean(value).strip().replace(" ", "_")
        if not name:
            return ""
        # People type "berlin" and "europe/berlin" alike.
        wanted = name.casefold()
        found = [z for z in clock.ZONE_NAMES if z.casefold() == wanted or z.casefold().endswith(f"/{wanted}")]
        if not found:
            raise forms.ValidationError(f"“{value}” is no time zone. Pick one of the list, such as Europe/Berlin.")
        return min(found, key=len)


def day_input() -> forms.DateInput:
    """The browser's own calendar."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class CurrencyField(forms.CharField):
    """The three letters of ISO 4217, in whatever case they are typed."""

    def __init__(self, **options: Any) -> None:
        letters = RegexValidator(r"^[A-Z]{3}\Z", "Write a currency as three letters, such as EUR.")
        super().__init__(min_length=3, max_length=3, validators=[letters], **options)

    def clean(self, value: Any) -> Any:
        return super().clean(str(value or "").upper())


def amount_input() -> forms.TextInput:
    """Where an amount is typed: with its point on a phone's keys, and no arrows that a wheel turns."""
    return forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
