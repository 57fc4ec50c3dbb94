"""A campaign as a form."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from crm.outbox import rendering
from crm.outbox.models import Topic
from crm.outbox.rendering import TemplateError
from crm.segments.models import Segment
from crm.team.models import User
from retention.campaigns.models import Campaign, Written


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    """All that is written by hand; what is missing is asked for when it is planned, not before."""

    class Meta:
        model = Campaign
        fields: ClassVar[list[str]] = [
            "name", "kind", "topic", "segment", "who", "day", "hour", "over_hours", "subject", "body", "other_subject",
            "other_body", "other_share",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "kind": "What it is",
            "segment": "Goes to",
            "who": "Of them",
            "hour": "From",
            "over_hours": "Spread over",
            "body": "Text",
            "other_subject": "Subject of B",
            "other_body": "Text of B",
            "other_share": "Share of B, in %",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Among yourselves; nobody else reads it.",
            "segment": "Who belongs to it when the day begins.",
            "hour": "On the clock of each of them. Quiet hours and caps hold as always.",
            "over_hours": "Hours. 0: all at once, as quickly as the sender may.",
            "other_subject": "Blank: everybody gets the same.",
            "topic": "Whoever has switched this topic off does not get it.",
        }
        widgets: ClassVar[dict[str, Any]] = {
            "day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "hour": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "body": forms.Textarea(attrs={"rows": 12}),
            "other_body": forms.Textarea(attrs={"rows": 12}),
            "over_hours": forms.NumberInput(attrs={"min": 0, "max": 72}),
            "other_share": forms.NumberInput(attrs={"min": 1, "max": 99}),
        }

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        segments: Any = self.fields["segment"]
        segments.queryset = Segment.objects.filter(shared=True, archived_at=None).order_by("name")
        segments.empty_label = "All customers"
        offered = [(topic.slug, topic.name) for topic in Topic.objects.offered()]
        self.fields["topic"] = forms.ChoiceField(
            choices=[("", "None in particular"), *offered], required=False, help_text=self.Meta.help_texts["topic"]
        )

    def clean_over_hours(self) -> int:
        hours: int = self.cleaned_data["over_hours"]
        if hours > 72:
            raise forms.ValidationError("At most 72 hours: later than that nobody expects it.")
        return hours

    def clean_other_share(self) -> int:
        share: int = self.cleaned_data["other_share"]
        if not 1 <= share <= 99:
            raise forms.ValidationError("From 1 to 99: each wording needs readers.")
        return share

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for subject, body in (("subject", "body"), ("other_subject", "other_body")):
            try:
                rendering.check(found.get(subject) or "", found.get(body) or "")
            except TemplateError as error:
                where = "" if error.line is None else f"Line {error.line}: "
                self.add_error(subject if error.part == "subject" else body, f"{where}{error.message}.")
        return found

    @property
    def written(self) -> Written:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
