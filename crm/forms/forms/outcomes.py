"""What an admin sets about the outcome that this room brings."""

from __future__ import annotations

from django import forms


class LeadSettings(forms.Form):
    task = forms.CharField(
        max_length=120, required=False, label="Task for whoever takes it up",
        help_text="The person’s name is put behind it: “Call them: Sofia Lindqvist”. Blank: no task.",
        widget=forms.TextInput(attrs={"placeholder": "Call them"}),
    )  # fmt: skip
    days = forms.IntegerField(min_value=0, max_value=60, required=False, initial=1, label="Due after (days)")
