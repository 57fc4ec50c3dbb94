"""The link at the foot of a mail: what its token says, and what following it does."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from crm.accounts.models import Contact
from crm.timeline.actions import Fact, record

_SALT = "crm.outbox.unsubscribe"
#: The one list there is so far. A token is good for its list and its contact only, and for ever.
LIST = "email"


def url_for(contact_id: int) -> str:
    token = signing.dumps([contact_id, LIST], salt=_SALT)
    return settings.BASE_URL + reverse("public:unsubscribe", args=[token])


def contact_of(token: str) -> Contact | None:
    """Whose link it is; None if the token is not one of ours or the contact is gone."""
    try:
        contact_id, listed = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Contact.objects.select_related("account").filter(pk=contact_id).first() if listed == LIST else None


@transaction.atomic
def unsubscribe(contact: Contact, now: datetime) -> None:
    """No service and marketing mail from now on. Nothing leaves after the commit, not even what was claimed."""
    _set(contact, Contact.Consent.NO, "email.unsubscribed", f"{contact} wants no more mail from us", now)


@transaction.atomic
def undo(contact: Contact, now: datetime) -> None:
    """The person thought better of it, on the page that unsubscribing leads to."""
    _set(contact, Contact.Consent.YES, "email.resubscribed", f"{contact} wants mail from us again", now)


def _set(contact: Contact, consent: Contact.Consent, kind: str, text: str, now: datetime) -> None:
    # Senders hold the same lock while they decide.
    locked = Contact.objects.select_for_update().get(pk=contact.pk)
    if locked.email_consent == consent:
        return
    payload = {"before": locked.email_consent}
    Contact.objects.filter(pk=locked.pk).update(email_consent=consent, updated_at=now)
    record(
        Fact(locked.account_id, kind, text, now, contact_id=locked.pk, source="customer", channel="email",
             payload=payload),
        now=now,
    )  # fmt: skip
