"""How many are held out."""

from __future__ import annotations

from typing import ClassVar

from django import forms

from retention.workflows.experiments.models import MOST, HoldoutSettings


class HoldoutForm(forms.ModelForm):  # type: ignore[type-arg]
    percent = forms.IntegerField(
        min_value=0,
        max_value=MOST,
        label="Customers held out, per cent",
        help_text=f"Of all customers. 0: nobody. 5 to 10 are usual, and no more than {MOST} are possible.",
    )

    class Meta:
        model = HoldoutSettings
        fields: ClassVar[list[str]] = ["percent"]
