"""What a stage asks before a deal enters it, what was sold, and why it was lost. Sent, each finishes the move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db.models import Q

from crm.pipelines.actions.moving import Filled
from crm.pipelines.actions.winning import Booked
from crm.pipelines.forms.fields import field_of, form_name
from crm.pipelines.models import Deal, LossReason, Stage
from crm.pipelines.rules.gates import Missing
from crm.pipelines.values import CONTACTS


class GateForm(forms.Form):
    """The checks and fields that are missing; all of them are needed. `deal` has its stage and account."""

    #: Fields that have a place of their own in front of what a stage asks.
    own: ClassVar[Sequence[str]] = ()

    def __init__(self, data: Any, *, deal: Deal, stage: Stage, missing: Missing, **more: Any) -> None:
        super().__init__(data, **more)
        self.deal, self.stage = deal, stage
        self.asked = [name for name in missing.fields if name not in self.fields]
        for name in self.asked:
            self.fields[form_name(name)] = field_of(name, deal, required=True)
        if missing.checks:
            choices = [(check.id, check.label) for check in missing.checks]
            boxes = forms.CheckboxSelectMultiple
            self.fields["checked"] = forms.MultipleChoiceField(
                choices=choices, widget=boxes, label=f"To be done before it leaves {deal.stage}",
                error_messages={"required": "Tick what is done."},
            )  # fmt: skip

    def clean_checked(self) -> list[str]:
        ticked: list[str] = self.cleaned_data["checked"]
        every: Any = self.fields["checked"]
        if open_ones := [label for code, label in every.choices if code not in ticked]:
            raise forms.ValidationError(f"Before the deal goes on, this is to be done: {', '.join(open_ones)}.")
        return ticked

    @property
    def ticks(self) -> list[Any]:
        """The bound fields whose boxes are ticked."""
        return [self[name] for name in ("checked", CONTACTS) if name in self.fields]

    @property
    def others(self) -> list[Any]:
        """Those that have no place of their own."""
        return [field for field in self if field.name not in ("checked", CONTACTS, *self.own)]

    def filled(self) -> Filled:
        """Of a valid form."""
        data = self.cleaned_data
        values = {name: data[form_name(name)] for name in self.asked}
        if CONTACTS in values:
            values[CONTACTS] = [contact.pk for contact in values[CONTACTS]]
        return Filled(tuple(data.get("checked", ())), values)


class WinForm(GateForm):
    """What was sold, begun with what the deal says; in a pipeline that books nothing only what is missing."""

    own = ("plan", "mrr", "starts_on", "months", "auto_renew")

    def __init__(self, data: Any, *, deal: Deal, stage: Stage, missing: Missing, today: date, **more: Any) -> None:
        super().__init__(data, deal=deal, stage=stage, missing=Missing(missing.checks), **more)
        self.books = stage.pipeline.books
        if self.books:
            asked = {
                "plan": field_of("plan", deal, required=True), "mrr": field_of("mrr", deal, required=True),
                "starts_on": field_of("starts_on", deal, required=True), "months": field_of("months", deal),
                "auto_renew": forms.BooleanField(required=False, label="Renews by itself when its term ends"),
            }  # fmt: skip
            asked["mrr"].label = f"MRR in {deal.currency}"
            self.fields = asked | self.fields
            first: dict[str, Any] = {
                "plan": deal.plan, "mrr": deal.mrr, "starts_on": deal.starts_on or today, "months": deal.months,
            }  # fmt: skip
            self.initial = {**self.initial, **first}
        for name in missing.fields:
            if form_name(name) not in self.fields:
                self.asked.append(name)
                self.fields[form_name(name)] = field_of(name, deal, required=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("auto_renew") and not data.get("months"):
            self.add_error("months", "Say how many months a term has, or let it run until somebody ends it.")
        return data

    def booked(self) -> Booked | None:
        """Of a valid form."""
        data = self.cleaned_data
        if not self.books:
            return None
        return Booked(data["plan"], data["mrr"], data["starts_on"], data["months"], data["auto_renew"])


class LossForm(GateForm):
    """Why it was lost; what the stage asks besides."""

    own = ("reason",)

    reason = forms.ModelChoiceField(
        LossReason.objects.none(), empty_label=None, widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason: it is what one learns from."},
    )  # fmt: skip
    note = forms.CharField(
        max_length=400, required=False, widget=forms.Textarea({"rows": 2}), help_text="In their words, if known."
    )

    def __init__(self, data: Any, *, deal: Deal, **more: Any) -> None:
        super().__init__(data, deal=deal, **more)
        reasons: Any = self.fields["reason"]
        reasons.queryset = LossReason.objects.filter(Q(archived_at=None) | Q(pk=deal.lost_because_id))
        self.initial = {**self.initial, "reason": deal.lost_because_id, "note": deal.lost_note}
