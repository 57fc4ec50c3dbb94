"""Consent that somebody gave on a form: with the words they read, when, and on which form."""

from __future__ import annotations

from datetime import datetime

from crm.accounts.models import Contact
from crm.slots import FormEntered
from crm.timeline.actions import Fact, record

Consent = Contact.Consent


def agree(contact: Contact, entered: FormEntered, now: datetime) -> str:
    """Note that they agreed to mail, in the caller's transaction, which has locked the contact.

    A refusal stands: anybody can write an address into a form, and only a person turns a refusal into consent. Returns
    what is worth a word about it.
    """
    if not entered.consent or contact.email_consent == Consent.YES:
        return ""
    if contact.email_consent == Consent.NO:
        return "They ticked the box of consent, and had refused mail before: ask them, the refusal stands"
    before, contact.email_consent, contact.updated_at = contact.email_consent, Consent.YES, now
    contact.save(update_fields=["email_consent", "updated_at"])
    payload = {"before": before, "form": entered.form.pk, **entered.consent, "entry": entered.entry_id}
    text = f"{contact.name} agreed to mail on “{entered.form}”: “{entered.consent['text']}”"
    record(
        Fact(contact.account_id, "contact.consent_changed", text, entered.at, contact_id=contact.pk, source="customer",
             channel="form", payload=payload, key=f"consent:{entered.key}"),
        now=now,
    )  # fmt: skip
    return ""
