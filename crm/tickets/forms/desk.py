"""What admins set about the desk: its addresses, what it writes by itself, whom it does not hear."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.core.validators import validate_email

from crm.correspondence.rules import is_own
from crm.inbox.models import InboxSettings
from crm.outbox import rendering
from crm.tickets.acknowledging import SAMPLE, TEXT
from crm.tickets.models import TicketSettings

#: Of solved tickets, and between two questions.
_LONGEST_DAYS = 365
_DOMAIN = re.compile(r"@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}")


class LinesField(forms.CharField):
    """Several short values, one a line; `check` gives each as it is kept, or raises ValidationError."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        found = value if isinstance(value, list) else re.split(r"[\n,]", value or "")
        return list(dict.fromkeys(one.strip() for one in found if one.strip()))

    def validate(self, value: Any) -> None:
        if len(value) > 20:
            raise forms.ValidationError("Twenty are the most.")

    def run_validators(self, value: Any) -> None:
        """Each line is looked at by the form."""


class DeskForm(forms.ModelForm):
    addresses = LinesField(
        required=False, label="Addresses",
        help_text="One a line: help@example.com. They must be delivered to the mailbox that Holdfast reads.",
    )  # fmt: skip

    class Meta:
        model = TicketSettings
        fields: ClassVar[list[str]] = [
            "addresses", "acknowledges", "acknowledgement", "closes_after_days", "asks_for_rating", "rates_every_days",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "acknowledges": "Acknowledge at once what customers ask",
            "acknowledgement": "What the acknowledgement says",
            "closes_after_days": "Close solved tickets after",
            "asks_for_rating": "Ask customers how it was when their ticket is solved",
            "rates_every_days": "Ask nobody more often than every",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "acknowledges": "Once an hour for each sender, and never to machines, lists and bounces.",
            "acknowledgement": "Blank: the text beside it. {{ ticket.number }}, {{ ticket.subject }},"
            " {{ ticket.answer_by }} and {{ contact.first_name }} are filled in.",
            "closes_after_days": "Days without a word from the customer; 0 leaves them solved. An answer to a closed"
            " ticket begins another one. Nobody is asked how it was because of it.",
            "rates_every_days": "Days; 0 asks each time.",
        }
        widgets: ClassVar[dict[str, Any]] = {"acknowledgement": forms.Textarea(attrs={"rows": 8})}

    def clean_addresses(self) -> list[str]:
        own = InboxSettings.the_only().address
        found = list(dict.fromkeys(one.lower() for one in self.cleaned_data["addresses"]))
        for one in found:
            try:
                validate_email(one)
            except forms.ValidationError:
                raise forms.ValidationError(f"{one} is no e-mail address.") from None
            if "+" in one:
                raise forms.ValidationError(f"{one}: leave out the plus and what follows it.")
            if is_own(one, own):
                raise forms.ValidationError(f"{one} is your inbox, where answers come home. Use another address.")
        return found

    def clean_acknowledgement(self) -> str:
        source = str(self.cleaned_data["acknowledgement"]).strip()
        if wrong := trouble_with(source):
            raise forms.ValidationError(wrong)
        return "" if source == TEXT.strip() else source

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("closes_after_days", "rates_every_days"):
            if data.get(name, 0) > _LONGEST_DAYS:
                self.add_error(name, f"Between 0 and {_LONGEST_DAYS} days.")
        return data


def trouble_with(source: str) -> str:
    """What is wrong with a text of the acknowledgement, with its line; blank if nothing is."""
    try:
        rendering.check("", source)
        rendering.render("", source, SAMPLE)
    except rendering.TemplateError as error:
        return str(error)
    return ""


class BlockForm(forms.Form):
    handle = forms.CharField(
        max_length=254, label="Address, or a whole domain as @example.com", strip=True,
        error_messages={"required": "Give an address, or a domain as @example.com."},
    )  # fmt: skip

    def clean_handle(self) -> str:
        handle = str(self.cleaned_data["handle"]).lower()
        if not _DOMAIN.fullmatch(handle):
            validate_email(handle)
        return handle
