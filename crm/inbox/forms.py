"""What admins set about the inbox."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from crm.inbox.models import InboxSettings
from crm.web.faults import first_fault


class AddressForm(forms.ModelForm):
    class Meta:
        model = InboxSettings
        fields: ClassVar[list[str]] = ["address", "trusts_senders", "raw_days"]
        labels: ClassVar[dict[str, str]] = {
            "address": "Address of this installation",
            "trusts_senders": "Also take mail from known people that proves nothing",
            "raw_days": "Keep raw payloads for",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "address": "Its mailbox must take mail with a plus: inbox+anything@example.com. Replies come home to it.",
            "trusts_senders": "Senders can be forged. Tick it if the mailbox refuses mail whose sender is not genuine"
            " (DMARC). Otherwise such mail waits under Unmatched mail until somebody files it.",
            "raw_days": "Days after it was handled, 1 to 365. What nobody has made anything of stays.",
        }

    def clean_raw_days(self) -> int:
        days: int = self.cleaned_data["raw_days"]
        if not 1 <= days <= 365:
            raise forms.ValidationError("Between 1 and 365 days.")
        return days

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).lower()
        if "+" in address:
            raise forms.ValidationError("Leave out the plus and what follows it: Holdfast puts its own there.")
        if len(address.partition("@")[0]) > 20:
            raise forms.ValidationError("The part before the @ may have 20 characters: 64 must hold a token beside it.")
        return address


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=200, error_messages={"required": "Say why; it is kept with your name."}, strip=True
    )


def said(form: Any) -> str:
    """The first thing that is wrong with a form, as one sentence."""
    return first_fault(form)
