"""The link at the foot of a mail: what its token says, and what following it does."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import transaction

from crm.accounts.models import Alias, Contact
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.web.addresses import address_with

_SALT = "crm.outbox.unsubscribe"
#: The one list there is so far. A token is good for its list and its contact only, and for ever.
LIST = "email"

_LEFT = "email.unsubscribed"
_ABOUT_CONSENT = (_LEFT, "email.resubscribed", "contact.consent_changed")


def url_for(contact_id: int) -> str:
    token = signing.dumps([contact_id, LIST], salt=_SALT)
    return settings.BASE_URL + address_with("public:unsubscribe", token)


def dead_url() -> str:
    """What stands in the place of a link where there must be none that works."""
    return settings.BASE_URL + address_with("public:unsubscribe", "redirected")


def contact_of(token: str) -> Contact | None:
    """Whose link it is, though they have become part of another contact since; None if it is not one of ours, or of
    somebody who is gone.
    """
    try:
        contact_id, listed = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if listed != LIST:
        return None
    people = Contact.objects.select_related("account")
    if found := people.filter(pk=contact_id).first():
        return found
    return people.filter(pk=Alias.holder("contact", Alias.Kind.ID, str(contact_id)) or 0).first()


@transaction.atomic
def unsubscribe(contact: Contact, now: datetime) -> None:
    """No service and marketing mail from now on. Nothing leaves after the commit, not even what was claimed."""
    _set(contact, Contact.Consent.NO, _LEFT, f"{contact} wants no more mail from us", now)


@transaction.atomic
def undo(contact: Contact, now: datetime) -> None:
    """The person thought better of it: all is as it was before the link was followed.

    Does nothing unless that was the last word on consent: a link gives no consent that was never given, and takes
    back no refusal that somebody noted by hand.
    """
    Contact.objects.select_for_update().get(pk=contact.pk)
    if (before := consent_before(contact)) is not None:
        _set(contact, before, "email.resubscribed", f"{contact} wants mail from us again", now)


def consent_before(contact: Contact) -> Contact.Consent | None:
    """The consent that following the link ended; None if something else was said since, or it never was followed."""
    said = TimelineEntry.objects.filter(contact=contact, kind__in=_ABOUT_CONSENT).order_by("-occurred_at", "-id")
    last = said.first()
    return Contact.Consent(last.payload.get("before", "")) if last and last.kind == _LEFT else None


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
