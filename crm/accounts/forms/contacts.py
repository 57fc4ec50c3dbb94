"""What people write about a person at a customer."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from crm.accounts.forms.versioned import VersionedForm
from crm.accounts.models import Account, Contact
from crm.accounts.rules import YEAR_UNKNOWN
from crm.team.models import User
from crm.web.fields import ZoneField, day_input


class ContactForm(VersionedForm):
    """All that people write about a person, or with `only` one field of it."""

    subject = "contact"

    timezone = ZoneField(help_text="Blank: the customer's.")
    roles = forms.MultipleChoiceField(
        required=False, choices=Contact.Role.choices, widget=forms.CheckboxSelectMultiple, label="What they are to us"
    )

    class Meta:
        model = Contact
        fields: ClassVar[list[str]] = [
            "first_name", "last_name", "email", "phone", "title", "timezone", "language", "birthday", "email_consent",
            "roles", "is_primary", "do_not_contact",
        ]  # fmt: skip
        labels: ClassVar[dict[str, str]] = {
            "email": "E-mail", "email_consent": "Consent to mail", "is_primary": "Primary contact",
            "do_not_contact": "Do not contact",
        }  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "is_primary": "Gets the mail that goes to the customer.",
            "birthday": f"If nobody knows the year, write {YEAR_UNKNOWN}: the day alone is shown then.",
            "do_not_contact": "No service or marketing mail; replies and receipts still go.",
        }
        widgets: ClassVar[dict[str, Any]] = {"birthday": day_input()}

    def __init__(self, *args: Any, viewer: User, only: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        if only:
            self.only(only)
            return
        self.fields["email_consent"].choices = Contact.Consent.choices  # type: ignore[attr-defined]

    def clean_email(self) -> str | None:
        email = (self.cleaned_data["email"] or "").strip().lower()
        if not email:
            return None
        other = Contact.objects.select_related("account").filter(email=email).exclude(pk=self.instance.pk).first()
        if other:
            raise forms.ValidationError(taken(other, self.viewer))
        return email

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        naming = ("first_name", "last_name", "email")
        if "first_name" in self.fields and not any(self.cleaned_data.get(name) for name in naming):
            raise forms.ValidationError("Give a name or an e-mail address, so that this person can be recognised.")
        return data


def taken(other: Contact, viewer: User) -> str:
    """Where an address already is, as far as the viewer may know."""
    if Account.objects.visible_to(viewer).filter(pk=other.account_id).exists():
        return f"This address belongs to {other.name} at {other.account.name}. One address is one person."
    return "This address belongs to a person at a customer you cannot see. Ask an admin to move them."
