"""The plan for a key account, as its form asks it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from crm.pipelines.actions.plans import COLUMNS
from crm.pipelines.models import KeyAccountPlan
from crm.web.fields import day_input

_LONG = 3000


def _text(label: str, hint: str, *, required: bool = False) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, help_text=hint, required=required, max_length=_LONG, widget=area)


def _money(label: str) -> forms.DecimalField:
    typed = forms.TextInput(attrs={"inputmode": "decimal"})
    return forms.DecimalField(label=label, required=False, min_value=0, max_digits=14, decimal_places=2, widget=typed)


class KeyPlanForm(forms.ModelForm):
    """What we want for a customer who matters. The verb saves it, not the form."""

    goal = _text("Goal", "Theirs, in their words: where they want to be.", required=True)
    in_the_way = _text("Risks", "What or who may keep them from it, and what we do about it.")
    mrr_now, mrr_aimed = _money("MRR now"), _money("MRR aimed at")
    #: The version that it was filled from; blank: there was no plan.
    version = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    class Meta:
        model = KeyAccountPlan
        fields: ClassVar[list[str]] = list(COLUMNS)
        labels: ClassVar[dict[str, str]] = {
            "from_plan": "Plan now", "to_plan": "Plan aimed at", "aimed_on": "By when",
            "review_on": "Look at it again on", "next_step": "Next step",
        }  # fmt: skip
        widgets: ClassVar[dict[str, Any]] = {"aimed_on": day_input(), "review_on": day_input()}

    def values(self) -> dict[str, Any]:
        """Of a valid form, by column."""
        return {name: self.cleaned_data[name] for name in COLUMNS}
