"""What people fill in about failed payments."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.validators import URLValidator

from crm.accounts.models import Account
from crm.accounts.naming import customer_named
from crm.team.models import User
from retention.dunning import rules
from retention.dunning.models import DunningSettings

_WEEKDAYS = tuple(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
_CODE = re.compile(r"[a-z0-9_]{1,60}")


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=200, label="Why", widget=forms.TextInput({"autofocus": True}))


class NoteForm(forms.Form):
    note = forms.CharField(max_length=400, required=False, widget=forms.Textarea({"rows": 4, "autofocus": True}))


class SettingsForm(forms.Form):
    is_on = forms.BooleanField(
        required=False, label="Follow up payments that fail",
        help_text="From the moment you switch it on; earlier failures stay as they are.",
    )  # fmt: skip
    tries = forms.IntegerField(min_value=1, max_value=12, label="Tries at most")
    longest = forms.IntegerField(min_value=1, max_value=60, label="Days, at most", help_text="From the first failure.")
    apart = forms.IntegerField(min_value=1, max_value=14, label="Days between two tries, at least")
    from_hour = forms.IntegerField(min_value=0, max_value=22, label="From, o’clock")
    until_hour = forms.IntegerField(min_value=2, max_value=24, label="Before, o’clock")
    weekdays = forms.TypedMultipleChoiceField(
        choices=_WEEKDAYS, coerce=int, label="On these days", widget=forms.CheckboxSelectMultiple
    )
    paydays = forms.MultipleChoiceField(
        choices=list(rules.PAYDAYS.items()), required=False, label="Wait for these paydays",
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    leave_to_provider = forms.BooleanField(
        required=False, label="Leave tries to the billing system where it has planned one",
        help_text="Stripe’s own retries, for example: a payment is never tried by both.",
    )  # fmt: skip
    hard_codes = forms.CharField(
        required=False, max_length=4000, label="Declines that no other try can cure",
        widget=forms.Textarea({"rows": 6}),
        help_text="One code a line. Such a customer is asked for another card at once, and their owner gets a task.",
    )  # fmt: skip
    grace_days = forms.IntegerField(
        min_value=0, max_value=90, label="Days of grace", help_text="Whole days of access after that of the failure."
    )
    near_days = forms.IntegerField(
        min_value=1, max_value=30, label="Days before its end that somebody should know",
        help_text="From then on the customer stands on Today.",
    )  # fmt: skip
    mend_url = forms.CharField(
        required=False, max_length=500, label="Where customers give another card",
        help_text="A page of yours, https://…: mails and the banner lead there.",
    )  # fmt: skip

    @classmethod
    def of(cls, row: DunningSettings) -> SettingsForm:
        values = {name: getattr(row, name) for name in cls.base_fields if hasattr(row, name)}
        return cls(initial=values | {"is_on": row.on_since is not None, "hard_codes": "\n".join(row.hard_codes)})

    def clean_hard_codes(self) -> list[str]:
        codes = [line.strip().lower() for line in self.cleaned_data["hard_codes"].splitlines() if line.strip()]
        for code in codes:
            if not _CODE.fullmatch(code):
                raise forms.ValidationError(f"“{code}” is no code: letters a–z, digits and _ alone, such as lost_card.")
        return list(dict.fromkeys(codes))

    def clean_mend_url(self) -> str:
        url: str = self.cleaned_data["mend_url"].strip()
        if url:
            URLValidator(schemes=["https", "http"], message="Write the whole address, https://…")(url)
        return url

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, before = data.get("from_hour"), data.get("until_hour")
        if first is not None and before is not None and before - first < 2:
            self.add_error("until_hour", "Leave two hours at least: no try comes at the hour of the one before.")
        return data

    def told(self) -> dict[str, Any]:
        return {**self.cleaned_data, "weekdays": sorted(self.cleaned_data["weekdays"])}


class TokenForm(forms.Form):
    customer = forms.CharField(max_length=230, help_text="As they are called here.")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.viewer = viewer

    def clean_customer(self) -> Account:
        return customer_named(self.cleaned_data["customer"], self.viewer)
