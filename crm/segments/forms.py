"""What people say about a segment beside its filter."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.segments.models import Segment


class SegmentForm(forms.Form):
    """Name, description, kind (of a new one) and who finds it."""

    name = forms.CharField(max_length=80, strip=True)
    description = forms.CharField(
        max_length=300, required=False, strip=True, help_text="What it is for, so that others know when to use it."
    )
    kind = forms.ChoiceField(choices=Segment.Kind.choices, initial=Segment.Kind.DYNAMIC, widget=forms.RadioSelect)
    shared = forms.BooleanField(label="Everybody finds it", required=False, help_text="Else only you see it.")

    def __init__(self, *args: Any, segment: Segment | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["name"].widget.attrs |= {"autocomplete": "off"}
        if not segment and not self.is_bound:
            self.fields["name"].widget.attrs["autofocus"] = True
        if segment:
            del self.fields["kind"]  # who is in a static one cannot be said by a filter, nor the other way round

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())
