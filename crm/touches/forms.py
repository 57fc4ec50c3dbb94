"""What people fill in about touches: those that were, and those that are planned."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.timeline.actions import Fact
from crm.todos.actions import NewTask
from crm.touches import rules
from crm.web import clock
from crm.web.fields import day_input
from crm.web.rules import local_moment

#: A call begun by a clock that is a little ahead is no call to come.
AHEAD = timedelta(minutes=5)
#: Longest note: some pages.
LONGEST = 20_000
_TIME = {"type": "time"}


class PeopleForm(forms.Form):
    """Of somebody at a customer."""

    contact = forms.ModelChoiceField(Contact.objects.none(), required=False, label="With", empty_label="Nobody named")

    def __init__(self, *args: Any, account: Account, viewer: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account, self.viewer, self.now = account, viewer, now
        field = self.fields["contact"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = account.contacts.visible_to(viewer).order_by("-is_primary", "created_at", "id")

    @property
    def who(self) -> str:
        """Whom it is with: a person, else the customer. Of a valid form."""
        contact = self.cleaned_data["contact"]
        return contact.name if contact else self.account.name

    def task(self, kind: str, title: str, due_at: datetime, body: str = "") -> NewTask:
        contact = self.cleaned_data["contact"]
        return NewTask(
            title=title, due_at=due_at, account_id=self.account.pk, contact_id=contact and contact.pk, kind=kind,
            owner_id=self.viewer.pk, created_by_id=self.viewer.pk, body=body,
        )  # fmt: skip


class LogForm(PeopleForm):
    """A call, a meeting, an interview or a note, and what is to follow."""

    kind = forms.ChoiceField(
        choices=[(name, label) for name, (_, label, _, _) in rules.TOUCHES.items()], initial="call",
        widget=forms.RadioSelect, label="What it was",
    )  # fmt: skip
    minutes = forms.IntegerField(required=False, min_value=1, max_value=1440, label="Minutes")
    outcome = forms.ChoiceField(required=False, choices=[("", "–"), *rules.OUTCOMES.items()], label="How it ended")
    occurred_at = forms.DateTimeField(
        required=False, label="When", help_text="Left blank: just now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    text = forms.CharField(label="What was said", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 5}))
    then = forms.ChoiceField(
        required=False, label="And then", choices=[("", "Nothing to follow"),
            *((name, f"Follow up {name}") for name in rules.SOON)],
    )  # fmt: skip
    then_title = forms.CharField(
        required=False, max_length=200, label="What is to be done", help_text="Left blank: a call."
    )

    def clean_occurred_at(self) -> datetime:
        moment: datetime = self.cleaned_data["occurred_at"] or self.now
        if moment > self.now + AHEAD:
            raise forms.ValidationError("That is still to come. Log it afterwards, or plan it.")
        return moment

    def fact(self) -> Fact:
        """Of a valid form: what the timeline gets."""
        data = self.cleaned_data
        kind, contact = data["kind"], data["contact"]
        call, note = kind == "call", kind == "note"
        payload: dict[str, Any] = {"note": data["text"]}
        if data["minutes"] and not note:
            payload["minutes"] = data["minutes"]
        if data["outcome"] and call:
            payload["outcome"] = data["outcome"]
        line = rules.sentence(kind, contact.name if contact else "", data["minutes"], data["outcome"])
        return Fact(
            self.account.pk, rules.TOUCHES[kind][0], line, data["occurred_at"], contact_id=contact and contact.pk,
            source="person", actor_id=self.viewer.pk, channel="phone" if call else "", payload=payload,
        )  # fmt: skip

    def follow_up(self) -> NewTask | None:
        """Of a valid form: the task that was planned with it, at nine on the viewer's clock."""
        data = self.cleaned_data
        if not data["then"]:
            return None
        day = rules.soon(data["then"], self.now.astimezone(self.viewer.zone).date())
        due_at = local_moment(day, time(9), self.viewer.zone)
        kind = "follow_up" if data["then_title"] else "call"
        return self.task(kind, data["then_title"] or rules.planned_title("call", self.who), due_at)


class NoteForm(forms.Form):
    text = forms.CharField(label="Note", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 6}))


class PlanForm(PeopleForm):
    """A call, a meeting, a mail or a follow-up to come, on the viewer's clock or on the customer's."""

    kind = forms.ChoiceField(
        label="What", initial="call", widget=forms.RadioSelect,
        choices=[("call", "Call"), ("meeting", "Meeting"), ("mail", "Write"), ("follow_up", "Follow up")],
    )  # fmt: skip
    day = forms.DateField(label="On", widget=day_input())
    at = forms.TimeField(label="At", widget=forms.TimeInput(attrs=_TIME, format="%H:%M"))
    whose = forms.ChoiceField(label="Whose clock", initial="mine", widget=forms.RadioSelect)
    title = forms.CharField(required=False, max_length=200, label="Title")
    body = forms.CharField(required=False, label="What about", max_length=LONGEST,
                           widget=forms.Textarea(attrs={"rows": 3}))  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine, theirs = rules.city(self.viewer.zone), rules.city(self.zone_of(None))
        offered = [("mine", f"Yours, {mine}"), ("theirs", f"Theirs, {theirs}")]
        self.fields["whose"].choices = offered  # type: ignore[attr-defined]
        example = rules.planned_title("call", self.account.name)
        self.fields["title"].help_text = f"Left blank, it is made from the above, such as “{example}”."

    def zone_of(self, contact: Contact | None) -> ZoneInfo:
        """The person's, else the customer's, else the installation's."""
        return clock.zone(contact.timezone if contact else "", self.account.timezone)

    def due_at(self) -> datetime:
        """Of a valid form, in UTC."""
        data = self.cleaned_data
        zone = self.zone_of(data["contact"]) if data["whose"] == "theirs" else self.viewer.zone
        return local_moment(data["day"], data["at"], zone).astimezone(UTC)

    def clocks(self) -> list[tuple[str, str]]:
        """Of a valid form: the moment here and there."""
        return rules.two_clocks(self.due_at(), self.viewer.zone, self.zone_of(self.cleaned_data["contact"]))

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if {"day", "at", "whose", "contact"} <= self.cleaned_data.keys() and self.due_at() <= self.now:
            self.add_error("day", "That has passed already. Choose a moment that is still to come, or log it instead.")
        return data

    def planned(self) -> NewTask:
        """Of a valid form."""
        data = self.cleaned_data
        title = data["title"] or rules.planned_title(data["kind"], self.who)
        return self.task(data["kind"], title, self.due_at(), data["body"])


def tomorrow(now: datetime, viewer: User) -> date:
    """The next working day on the viewer's calendar."""
    return rules.soon("tomorrow", now.astimezone(viewer.zone).date())
