"""The form of a ticket that one of ours writes down for a caller."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import RegexValidator

from crm.accounts.matching.rules import phone_key
from crm.fields.forms import changed, fields_for, grouped
from crm.outbox.models import CHATS
from crm.team.models import User
from crm.tickets import rules
from crm.tickets.actions.hearing import NewTicket
from crm.tickets.actions.saying import Said
from crm.tickets.callers import NOBODY, Caller, caller
from crm.tickets.models import Ticket, TicketCategory

#: How somebody may have asked.
_CHANNELS = [
    (channel.value, channel.label)
    for channel in (
        Ticket.Channel.PHONE, Ticket.Channel.MAIL, Ticket.Channel.WHATSAPP, Ticket.Channel.TELEGRAM,
        Ticket.Channel.INSTAGRAM,
    )
]  # fmt: skip


class NewTicketForm(forms.Form):
    """`caller` is chosen among those that were found; of nobody on record, name and address or number are written.

    Behind its own fields stand those that admins have made.
    """

    bundle = forms.UUIDField(widget=forms.HiddenInput)
    caller = forms.CharField(
        max_length=40, error_messages={"required": "Say who asks: search for them, or choose “Nobody on record”."}
    )
    name = forms.CharField(max_length=120, required=False)
    email = forms.EmailField(required=False, label="E-mail")
    phone = forms.CharField(
        max_length=40, required=False, widget=forms.TextInput({"type": "tel"}),
        validators=[RegexValidator(r"^[0-9 +()/.-]*$", "Write the number with digits, such as +49 30 1234567.")],
    )  # fmt: skip
    channel = forms.ChoiceField(
        choices=_CHANNELS, initial=Ticket.Channel.PHONE, widget=forms.RadioSelect, label="They asked by"
    )
    subject = forms.CharField(max_length=300, required=False, help_text="Blank: the first line of what they said.")
    text = forms.CharField(
        max_length=rules.LONGEST_TEXT, label="What they said", widget=forms.Textarea({"rows": 6}),
        error_messages={"required": "Write down what they said."},
    )  # fmt: skip
    priority = forms.TypedChoiceField(choices=Ticket.Priority.choices, coerce=int, initial=Ticket.Priority.NORMAL)
    category = forms.ModelChoiceField(
        TicketCategory.objects.filter(archived_at=None), required=False, empty_label="None"
    )
    assignee = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Whoever gets such tickets")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        more["initial"] = {"bundle": uuid4(), "assignee": viewer.pk} | more.get("initial", {})
        super().__init__(*args, **more)
        self.viewer = viewer
        active = User.objects.filter(is_active=True).order_by("name", "id")
        self.fields["assignee"].queryset = active  # type: ignore[attr-defined]
        self.fields.update(fields_for("ticket", {}, new=True))

    def custom_groups(self) -> list[tuple[str, list[Any]]]:
        """The fields that admins have made, by their headings."""
        return grouped(self)

    def clean_caller(self) -> Caller:
        found = caller(self.cleaned_data["caller"], self.viewer)
        if found is None:
            raise forms.ValidationError("They are not there any more. Search for them again.")
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        who: Caller | None = data.get("caller")
        if who and who.code == NOBODY and not any(data.get(name) for name in ("name", "email", "phone")):
            self.add_error("name", "Write a name, an e-mail or a number, so that somebody can answer them.")
        return data

    @property
    def email_known(self) -> str:
        """Of a valid form: where an answer reaches them."""
        data = self.cleaned_data
        who: Caller = data["caller"]
        return (who.contact and who.contact.email) or data["email"] or ""

    def ticket(self, now: datetime) -> NewTicket:
        """Of a valid form."""
        data = self.cleaned_data
        who: Caller = data["caller"]
        name = who.contact.name if who.contact else data["name"]
        said = Said(data["text"], data["channel"], now, contact=who.contact, name=name, handle=self._handle(who))
        return NewTicket(
            data["subject"], said, who.account, data["priority"], data["category"], data["assignee"],
            custom=changed({}, data), key=f"logged:{self.viewer.pk}:{data['bundle']}",
        )  # fmt: skip

    def _handle(self, who: Caller) -> str:
        """By what the channel knows them; blank where nobody knows that."""
        data, channel = self.cleaned_data, self.cleaned_data["channel"]
        phone = (who.contact.phone if who.contact else "") or data["phone"]
        if channel not in CHATS:
            return (self.email_known if channel == Ticket.Channel.MAIL else phone or self.email_known).lower()
        known = who.contact.handles.filter(channel=channel).order_by("-pk").first() if who.contact else None
        if known or channel != Ticket.Channel.WHATSAPP:
            return known.handle if known else ""
        return phone_key(phone).removeprefix("+")  # as WhatsApp writes numbers
