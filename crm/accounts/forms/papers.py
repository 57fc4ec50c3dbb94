"""What people put into a customer's folder: files, the hand-off, and what was said of the goal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from django import forms

from crm.accounts.models import Account, HandOff
from crm.web import clock
from crm.web.fields import day_input


class FileForm(forms.Form):
    """Something to put into a customer's folder."""

    file = forms.FileField(label="A file", allow_empty_file=False, max_length=200)


class HandOffForm(forms.ModelForm):
    """What sales knows and success has to know."""

    class Meta:
        model = HandOff
        fields: ClassVar[list[str]] = ["goals", "roadblocks", "decision_makers", "promised"]
        labels: ClassVar[dict[str, str]] = {
            "goals": "Main goals", "roadblocks": "Potential roadblocks", "decision_makers": "Key decision-makers",
            "promised": "What was promised",
        }  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "goals": "What they bought it for, and how they will know that it worked.",
            "roadblocks": "What or who may stand in the way.",
            "decision_makers": "Who decides, who pays, who has to be won.",
            "promised": "Dates, features, prices: everything that somebody has said yes to.",
        }
        widgets: ClassVar[dict[str, Any]] = {name: forms.Textarea(attrs={"rows": 3}) for name in fields}

    #: The version that it was filled from.
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if not any(str(self.cleaned_data.get(name, "")).strip() for name in self._meta.fields or ()):
            raise forms.ValidationError("Write at least one of the four.")
        return data


class GoalForm(forms.Form):
    """What the customer says of their goal today."""

    state = forms.ChoiceField(
        label="Has the goal been reached?", widget=forms.RadioSelect,
        choices=[(value, label) for value, label in Account.GoalState.choices if value],
    )  # fmt: skip
    note = forms.CharField(
        label="What they said", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
    asked_on = forms.DateField(label="Asked on", widget=day_input())

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = clock.today(now)

    def clean_asked_on(self) -> date:
        day: date = self.cleaned_data["asked_on"]
        if day > self.today:
            raise forms.ValidationError("That day is still to come.")
        return day
