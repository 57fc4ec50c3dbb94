"""What people fill in about tasks. Each form knows its viewer: only what they may see can be chosen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.urls import reverse

from crm.accounts.models import Account
from crm.accounts.naming import customer_named
from crm.team.models import User, hours_of
from crm.todos import rules
from crm.todos.actions import NewTask
from crm.todos.models import Task
from crm.todos.rules.repeating import LAST, WEEKDAYS, Repeat
from crm.web.rules import local_moment

#: How often a task comes again. What is not said follows from the day it is due on.
REPEATS = [
    ("", "Never: this once"), ("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month, on that day"),
    ("last", "Every month, on its last day"), ("yearly", "Every year"),
]  # fmt: skip


class NewTaskForm(forms.Form):
    title = forms.CharField(
        max_length=200, label="What is to be done", widget=forms.TextInput({"autofocus": True})
    )  # fmt: skip
    kind = forms.ChoiceField(choices=Task.Kind.choices, required=False, widget=forms.RadioSelect)
    customer = forms.CharField(max_length=230, required=False, help_text="Type the first letters of the name.")
    due_on = forms.DateField(label="Due on", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    due_time = forms.TimeField(
        label="At",
        required=False,
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text="09:00 if you say nothing",
    )
    repeats = forms.ChoiceField(choices=REPEATS, required=False, label="Again")
    days = forms.TypedMultipleChoiceField(
        choices=[(number, name.capitalize()) for number, name in enumerate(WEEKDAYS)],
        coerce=int,
        required=False,
        label="On these days",
        widget=forms.CheckboxSelectMultiple,
    )
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody yet: the pool")
    body = forms.CharField(label="Notes", required=False, widget=forms.Textarea({"rows": 4}))

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]
        search = {
            "list": "customers",
            "autocomplete": "off",
            "hx-get": reverse("todos:customers"),
            "hx-target": "#customers",
        }
        self.fields["customer"].widget.attrs |= search | {"hx-trigger": "input changed delay:150ms"}

    def clean_customer(self) -> Account | None:
        typed = self.cleaned_data["customer"]
        return customer_named(typed, self.viewer) if typed else None

    def task(self, now: datetime) -> NewTask:
        """Of a valid form. One that comes again is due for the first time on or after the day that was named."""
        data = self.cleaned_data
        due_at = local_moment(data["due_on"], data["due_time"] or rules.MORNING, self.viewer.zone)
        repeat = self._repeat()
        if repeat:
            due_at = repeat.after(due_at - timedelta(microseconds=1), self.viewer.zone)
        account, owner = data["customer"], data["owner"]
        return NewTask(
            title=data["title"],
            due_at=due_at,
            kind=data["kind"],
            repeats=str(repeat or ""),
            account_id=account and account.pk,
            owner_id=owner and owner.pk,
            body=data["body"],
            created_by_id=self.viewer.pk,
        )

    def _repeat(self) -> Repeat | None:
        data = self.cleaned_data
        day, at = data["due_on"], data["due_time"] or rules.MORNING
        match data["repeats"]:
            case "daily":
                return Repeat("daily", at)
            case "weekly":
                return Repeat("weekly", at, days=tuple(data["days"]) or (day.weekday(),))
            case "monthly" | "last" as every:
                return Repeat("monthly", at, day=LAST if every == "last" else day.day)
            case "yearly":
                return Repeat("yearly", at, day=day.day, month=day.month)
        return None


class SnoozeForm(forms.Form):
    """Until when: `later` today, `tomorrow`, the next `workday` of the viewer, `monday`, or `date` with a day."""

    until = forms.ChoiceField(
        choices=[
            ("later", "Later today"), ("tomorrow", "Tomorrow 09:00"), ("workday", "Next working day"),
            ("monday", "Monday 09:00"), ("date", "A day"),
        ]
    )  # fmt: skip
    day = forms.DateField(required=False)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if self.cleaned_data.get("until") == "date" and not self.cleaned_data.get("day"):
            raise forms.ValidationError("Choose the day on which the task comes back.")
        return data

    def moment(self, viewer: User, now: datetime) -> datetime:
        """Of a valid form, in the viewer's zone."""
        match self.cleaned_data["until"]:
            case "later":
                return rules.later_today(now, viewer.zone)
            case "tomorrow":
                return rules.tomorrow_morning(now, viewer.zone)
            case "workday":
                return hours_of(viewer).next_working_day(now) or rules.monday_morning(now, viewer.zone)
            case "monday":
                return rules.monday_morning(now, viewer.zone)
        return rules.morning_of(self.cleaned_data["day"], viewer.zone)


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody yet: the pool")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = colleagues()  # type: ignore[attr-defined]


def colleagues() -> Any:
    """Who can be given a task."""
    return User.objects.filter(is_active=True).order_by("name", "id")
