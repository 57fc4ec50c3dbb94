"""What admins set about a sender."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm.outbox.mime import mailbox
from crm.outbox.models import Sender

#: A minute of the clock is the measure in which senders are counted.
_FASTEST = 60_000


class SenderForm(forms.ModelForm):
    class Meta:
        model = Sender
        fields: ClassVar[list[str]] = ["name", "from_email", "per_minute"]
        labels: ClassVar[dict[str, str]] = {
            "name": "Name here", "from_email": "From", "per_minute": "Messages a minute",
        }  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Workflows and switches name it by this. It stays.",
            "from_email": "As readers see it: Kelp Care <care@example.com>. Blank: DEFAULT_FROM_EMAIL.",
            "per_minute": "What your mail server or provider allows. Urgent mail goes first; the rest waits its turn.",
        }
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            "name": {"unique": "There is a sender of this name already."}
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # Switches that were thrown, and messages of the past, know it by its name.
        self.fields["name"].disabled = bool(self.instance.name)
        self.fields["from_email"].required = self.instance.name != Sender.DEFAULT

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if self.instance.pk is None and not re.fullmatch(r"[\w .&+-]{1,60}", name):
            raise ValidationError("Letters, digits, blanks, dots, & + and - only.")
        return name

    def clean_from_email(self) -> str:
        given = str(self.cleaned_data["from_email"]).strip()
        if not given:
            return ""
        name, address = parseaddr(given)
        validate_email(address)
        return mailbox(name, address)

    def clean_per_minute(self) -> int:
        count: int = self.cleaned_data["per_minute"]
        if not 1 <= count <= _FASTEST:
            raise ValidationError(f"Between 1 and {_FASTEST:,}. To stop it, pause it.")
        return count
