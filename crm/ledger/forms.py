"""What somebody says about a contract before it changes: first what would follow is shown, then it is done."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from django import forms

from crm.ledger.actions import leaving
from crm.ledger.actions.changing import NewTerms
from crm.ledger.models import CancelReason, Contract
from crm.web.fields import day_input


class ShownFirst(forms.Form):
    """A form that is done when it is sent again as it was shown: `shown` names the values whose effect was read."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.is_bound:  # a swap would carry what was checked over to what has the same id
            self.auto_id = f"id_{self.mark()}_%s"

    def mark(self) -> str:
        """Of what was filled in, without what names it."""
        said = sorted((name, str(self.data.get(name, ""))) for name in self.fields if name != "shown")
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    @property
    def was_shown(self) -> bool:
        return bool(self.cleaned_data["shown"]) and self.cleaned_data["shown"] == self.mark()


class TermsForm(ShownFirst):
    plan = forms.CharField(max_length=120, required=False)
    mrr = forms.DecimalField(label="A month", max_digits=14, decimal_places=2, min_value=0)
    from_day = forms.DateField(label="From", widget=day_input())

    @classmethod
    def of(cls, contract: Contract, today: date) -> TermsForm:
        term = contract.terms.covering(today).first()  # type: ignore[attr-defined]
        return cls(initial={"plan": contract.plan, "mrr": term.mrr if term else None, "from_day": today})

    def terms(self) -> NewTerms:
        data = self.cleaned_data
        return NewTerms(data["mrr"], data["from_day"], data["plan"])


PAUSE, DISCOUNT, END = "pause", "discount", "end"


class LeavingForm(ShownFirst):
    """Why, and what comes of it: a pause and a discount stand before the end."""

    reason = forms.ModelChoiceField(CancelReason.objects.none(), label="Why do they want to leave?", empty_label=None,
                                    widget=forms.RadioSelect)  # fmt: skip
    note = forms.CharField(label="In their words", max_length=400, required=False)
    way = forms.ChoiceField(label="What did you agree?", widget=forms.RadioSelect, initial=PAUSE, choices=(
        (PAUSE, "They pause"), (DISCOUNT, "They get a discount"), (END, "It ends"),
    ))  # fmt: skip
    percent = forms.IntegerField(label="Percent less", min_value=1, max_value=100, required=False, initial=20)
    months = forms.IntegerField(label="For months", min_value=1, max_value=24, required=False, initial=3)
    effective_on = forms.DateField(
        label="First day without it", required=False, widget=day_input(),
        help_text="Today or earlier ends it at once; a day to come leaves it running until then.",
    )  # fmt: skip

    def __init__(self, *args: Any, contract: Contract, today: date, **more: Any) -> None:
        super().__init__(*args, **more)
        reasons: Any = self.fields["reason"]
        reasons.queryset = CancelReason.objects.filter(archived_at=None)
        self.fields["effective_on"].initial = leaving.end_of_period(contract, today) or today
        if contract.status != Contract.Status.PAID:  # who pauses cannot pause, and who tries it out pays nothing
            ways: Any = self.fields["way"]
            left = (DISCOUNT, END) if contract.status == Contract.Status.PAUSED else (END,)
            ways.choices = [choice for choice in ways.choices if choice[0] in left]
            ways.initial = left[0]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        needed = {DISCOUNT: ("percent", "months"), END: ("effective_on",)}.get(data.get("way", ""), ())
        for name in needed:
            if not data.get(name) and name not in self.errors:
                self.add_error(name, "Say this too.")
        return data

    def asked(self) -> leaving.Asked:
        return leaving.Asked(self.cleaned_data["reason"], self.cleaned_data["note"])


class ReasonsForm(forms.Form):
    """All reasons in use, one a line, in their order."""

    lines = forms.CharField(label="Reasons, one a line", widget=forms.Textarea({"rows": 10}), max_length=4000)

    def clean_lines(self) -> list[str]:
        names = [" ".join(line.split()) for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        if long := next((name for name in names if len(name) > MOST_LETTERS), None):
            raise forms.ValidationError(f"“{long[:40]}…” is longer than {MOST_LETTERS} letters.")
        if len({name.casefold() for name in names}) < len(names):
            raise forms.ValidationError("A reason stands there twice.")
        return names


MOST_LETTERS = 80
