"""What people write in a ticket, and about who asks."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.correspondence import forms as correspondents
from crm.team.models import User
from crm.tickets import macros, rules
from crm.tickets.actions.saying import refusal_of
from crm.tickets.models import Macro, Ticket


class MessageForm(forms.Form):
    """An answer, or a note. Which of the two stands in the form itself: nothing that is pressed changes it."""

    bundle = forms.UUIDField()
    kind = forms.ChoiceField(choices=[("answer", "Answer"), ("note", "Note")])
    text = forms.CharField(
        max_length=rules.LONGEST_TEXT, error_messages={"required": "Write something first."},
    )  # fmt: skip
    then = forms.ChoiceField(
        required=False, choices=[(name, name) for name in ("", "open", "pending", "on_hold", "solved")]
    )
    seen = forms.IntegerField(required=False, min_value=0)
    channel = forms.CharField(required=False, max_length=10)  # blank: where the customer wrote last
    macro = forms.ModelChoiceField(Macro.objects.none(), required=False)

    def __init__(self, *args: Any, viewer: User, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ticket = ticket
        self.fields["macro"].queryset = macros.offered(viewer)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        uploads = self.files.getlist("files") if hasattr(self.files, "getlist") else []
        if because := refusal_of(uploads):
            raise forms.ValidationError(because)
        data["files"] = uploads
        return data

    @property
    def is_note(self) -> bool:
        return self.data.get("kind") == "note"

    def problem(self) -> str:
        """The first thing that is wrong, in words."""
        return next((str(words[0]) for words in self.errors.values()), "")


class NewPersonForm(correspondents.NewPersonForm):
    """Somebody at a customer whom nobody has on record; the mail or the chat says how to reach them."""

    account = forms.CharField(max_length=230, label="Customer")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("first_name") and not data.get("last_name"):
            raise forms.ValidationError("Write at least one name.")
        return data


class SplitForm(forms.Form):
    """A message that becomes a ticket of its own."""

    subject = forms.CharField(max_length=300, label="Subject of the new ticket")
    rest = forms.BooleanField(required=False, label="Take all that was said after it along")
