"""What admins set about the cost of an hour."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from retention.value.models import ValueSettings


class PricesForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ValueSettings
        fields: ClassVar[list[str]] = ["cost_per_hour", "minutes_per_reply", "minutes_per_touch"]
        labels: ClassVar[dict[str, str]] = {
            "cost_per_hour": "What an hour of one of yours costs",
            "minutes_per_reply": "Minutes that a reply to a ticket takes",
            "minutes_per_touch": "Minutes of a call or a meeting, where nobody noted them",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "cost_per_hour": "In the reporting currency, with all that comes on top of a salary.",
        }
        widgets: ClassVar[dict[str, Any]] = {}
