"""What people fill in about tasks. Each form knows its viewer: only what they may see can be chosen."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.urls import reverse

from crm.accounts.models import Account
from crm.team.models import User
from crm.todos import rules
from crm.todos.actions import NewTask

#: A customer whose name another one has too is written with its number: "Nordwind #12".
_NUMBERED = re.compile(r"^(?P<name>.*\S)\s+#(?P<id>\d{1,18})$")


def customers_like(typed: str, viewer: User, limit: int = 8) -> list[str]:
    """How customers whose names begin with `typed` are written in the form, one index range of the name."""
    start = typed.strip().lower()
    if not start or "\0" in start:  # no name has a NUL, and Postgres takes none
        return []
    names = Account.objects.visible_to(viewer).annotate(lower=Lower("name")).filter(lower__gte=start)
    rows = [
        (pk, name)
        for pk, name in names.order_by("lower", "id").values_list("pk", "name")[: limit * 3]
        if name.lower().startswith(start)
    ][:limit]
    written = [name for _, name in rows]
    return [name if written.count(name) == 1 else f"{name} #{pk}" for pk, name in rows]


def customer_named(typed: str, viewer: User) -> Account:
    """The customer that the words mean. Raises ValidationError with a remedy."""
    visible = Account.objects.visible_to(viewer).annotate(lower=Lower("name"))
    found = list(visible.filter(lower=typed.strip().lower()).order_by("id")[:2])
    if not found and (numbered := _NUMBERED.match(typed.strip())):
        found = list(visible.filter(pk=int(numbered["id"]), lower=numbered["name"].lower()))
    if not found:
        raise forms.ValidationError(f"No customer of yours is called “{typed}”. Choose one from the list.")
    if len(found) == 2:
        raise forms.ValidationError(
            f"Several customers are called “{typed}”. Add the number, as in “{typed} #{found[0].pk}”."
        )
    return found[0]


class NewTaskForm(forms.Form):
    title = forms.CharField(max_length=200, label="What is to be done")
    customer = forms.CharField(max_length=230, required=False, help_text="Type the first letters of the name.")
    due_on = forms.DateField(label="Due on", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    due_time = forms.TimeField(
        label="At", required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M"), help_text="Empty: 09:00"
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

    def task(self) -> NewTask:
        """Of a valid form."""
        data = self.cleaned_data
        at = datetime.combine(data["due_on"], data["due_time"] or rules.MORNING, self.viewer.zone)
        account, owner = data["customer"], data["owner"]
        return NewTask(
            title=data["title"],
            due_at=at.astimezone(UTC),
            account_id=account and account.pk,
            owner_id=owner and owner.pk,
            body=data["body"],
            created_by_id=self.viewer.pk,
        )


class SnoozeForm(forms.Form):
    """Until when: `tomorrow`, `monday`, or `date` with a day."""

    until = forms.ChoiceField(choices=[("tomorrow", "Tomorrow 09:00"), ("monday", "Monday 09:00"), ("date", "A day")])
    day = forms.DateField(required=False)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if self.cleaned_data.get("until") == "date" and not self.cleaned_data.get("day"):
            raise forms.ValidationError("Choose the day on which the task comes back.")
        return data

    def moment(self, viewer: User, now: datetime) -> datetime:
        """Of a valid form, in the viewer's zone."""
        match self.cleaned_data["until"]:
            case "tomorrow":
                return rules.tomorrow_morning(now, viewer.zone)
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
