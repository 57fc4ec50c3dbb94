"""What people fill in about all mail."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from crm.outbox.models import MailPolicy, OutboundMessage, Topic
from crm.outbox.rules import LONGEST_REST
from crm.web import clock
from crm.web.fields import day_input
from crm.web.rules import local_moment

_TIME = {"type": "time"}
_DAYS = {"min_value": 0, "max_value": LONGEST_REST, "help_text": "Days; 0: automation goes on."}


class SendingForm(forms.ModelForm):
    """Caps, quiet hours and rests."""

    cap_count = forms.IntegerField(min_value=0, max_value=100, label="Mails to one person at most")
    cap_days = forms.IntegerField(min_value=1, max_value=90, label="within so many days")
    quiet_from = forms.TimeField(label="No mail from", widget=forms.TimeInput(attrs=_TIME, format="%H:%M"))
    quiet_to = forms.TimeField(label="until", widget=forms.TimeInput(attrs=_TIME, format="%H:%M"))
    rest_after_reply = forms.IntegerField(label="After they write to us", **_DAYS)  # type: ignore[arg-type]
    rest_after_ticket = forms.IntegerField(label="While they wait in a ticket", **_DAYS)  # type: ignore[arg-type]
    rest_after_rating = forms.IntegerField(label="After a bad rating", **_DAYS)  # type: ignore[arg-type]
    rest_after_complaint = forms.IntegerField(label="After a complaint", **_DAYS)  # type: ignore[arg-type]
    automated_most = forms.IntegerField(
        min_value=1, max_value=100, label="Too much by machine above",
        help_text="Per cent of all touches in a month; customers above it are named.",
    )  # fmt: skip

    class Meta:
        model = MailPolicy
        fields: ClassVar[list[str]] = [
            "cap_count", "cap_days", "quiet_from", "quiet_to", "rest_after_reply", "rest_after_ticket",
            "rest_after_rating", "rest_after_complaint", "automated_most",
        ]  # fmt: skip


class SwitchForm(forms.Form):
    """What is to stop, and why."""

    SCOPES: ClassVar = {
        "automatic": ("Everything automatic", "Workflows stand still, and no service or marketing mail leaves."),
        "category:service": ("Service mail", "Onboarding, reminders, questions; workflows go on otherwise."),
        "category:marketing": ("Marketing mail", "News and offers; all else goes on."),
        "all": ("All mail", "Answers and receipts too. Only for emergencies."),
    }
    scope = forms.ChoiceField(choices=[(name, said[0]) for name, said in SCOPES.items()])
    reason = forms.CharField(
        max_length=200, strip=True, error_messages={"required": "Say why: colleagues will ask."}
    )  # fmt: skip


class RestForm(forms.Form):
    """Until when automation leaves somebody alone, and why."""

    until = forms.DateField(label="Until", widget=day_input())
    reason = forms.CharField(max_length=150, strip=True, error_messages={"required": "Say why: colleagues will ask."})

    def moment(self) -> datetime:
        """Of a valid form: the end of that day where the installation is."""
        day: date = self.cleaned_data["until"]
        return local_moment(day + timedelta(days=1), time(0), clock.zone())


class TopicForm(forms.ModelForm):
    categories = forms.MultipleChoiceField(
        label="Kinds of mail that may name it", widget=forms.CheckboxSelectMultiple,
        choices=[
            (one.value, one.label)
            for one in (OutboundMessage.Category.SERVICE, OutboundMessage.Category.MARKETING)
        ],
    )  # fmt: skip

    class Meta:
        model = Topic
        fields: ClassVar[list[str]] = ["name", "sentence", "categories", "order"]
        labels: ClassVar[dict[str, str]] = {"sentence": "What comes under it", "order": "Place in the list"}
        help_texts: ClassVar[dict[str, str]] = {
            "sentence": "One sentence for the people who choose.",
            "order": "The lowest comes first.",
        }

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if not slugify(name):
            raise ValidationError("A name needs a letter or a digit.")
        return name

    def clean_order(self) -> int:
        place: int = self.cleaned_data["order"]
        if place > 999:
            raise ValidationError("At most 999.")
        return place

    def save(self, commit: bool = True) -> Any:
        """A new one gets a name for machines, which it keeps whatever it is called later."""
        if not self.instance.slug:
            base = slugify(self.instance.name)[:34]
            taken = set(Topic.objects.filter(slug__startswith=base).values_list("slug", flat=True))
            named = (f"{base}-{number}" if number > 1 else base for number in range(1, len(taken) + 2))
            self.instance.slug = next(one for one in named if one not in taken)
        return super().save(commit)
