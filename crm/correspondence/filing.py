"""Putting a mail to the customer whose it is: its conversation, its line on the timeline, its files in the folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from crm.accounts.actions import files
from crm.accounts.models import Account, Alias, Contact
from crm.correspondence import rules
from crm.correspondence.models import IgnoredSender, Mail, MailFile, MailThread
from crm.correspondence.reading.mail import Attached, read
from crm.correspondence.reading.text import of_html
from crm.history.actions import act
from crm.outbox import pressure
from crm.outbox.formatting import as_html
from crm.outbox.models import OutboundMessage
from crm.slots import tell
from crm.team.models import User
from crm.timeline.actions import Fact, record

#: Mail of one stranger that is filed in one go.
_MOST = 200


def contacts_by(addresses: Sequence[str]) -> dict[str, Contact]:
    """Whom these addresses, in lower case, belong to, since a merge or a filing too."""
    people = Contact.objects.select_related("account").filter(email__in=addresses)
    found = {person.email: person for person in people if person.email}
    rest = [address for address in addresses if address not in found]
    if rest:
        known = Alias.objects.filter(subject="contact", kind=Alias.Kind.EMAIL, value__in=rest)
        for alias in known.select_related("contact__account"):
            if alias.contact:
                found[alias.value] = alias.contact
    return found


def thread_for(account_id: int, contact: Contact | None, mail: Mail, tokens: Sequence[str] = ()) -> MailThread:
    """The conversation of this customer that a mail belongs to: by token, by what it answers, else a new one.

    One of another customer is never it, whatever the mail claims.
    """
    threads = MailThread.objects.filter(account=account_id)
    found = threads.filter(token__in=tokens).first() if tokens else None
    if found is None and mail.references:
        found = threads.filter(pk__in=_named(mail.references)).order_by("-last_at").first()
    return found or MailThread.objects.create(
        account_id=account_id, contact=contact, subject=rules.bare(mail.subject), last_at=mail.occurred_at
    )


def _named(references: Sequence[str]) -> list[int]:
    """Conversations in which one of these mails stands."""
    ids = list(Mail.objects.filter(message_id__in=references).exclude(thread=None).values_list("thread", flat=True))
    messages = OutboundMessage.objects.filter(message_id__in=[f"<{one}>" for one in references])
    written = messages.filter(origin=OutboundMessage.PERSONAL).values("pk")
    return ids + list(Mail.objects.filter(outbound__in=written).values_list("thread", flat=True))


def file(
    mail: Mail, people: Sequence[Contact], attached: Sequence[Attached], now: datetime, tokens: Sequence[str] = ()
) -> None:
    """Make it the customer's whose people these are, the first before the others, in the caller's transaction.

    Whoever else of them has a customer of their own gets a line there, which leads nowhere.
    """
    first = people[0]
    # Two mails at once of one person find one conversation.
    Contact.objects.select_for_update(no_key=True).filter(pk=first.pk).first()
    mail.account, mail.contact = first.account, first
    mail.thread = thread = thread_for(first.account_id, first, mail, tokens)
    mail.waits_because, mail.ignored_at = "", None
    mail.save()
    MailThread.objects.filter(pk=thread.pk, last_at__lt=mail.occurred_at).update(last_at=mail.occurred_at)
    _keep(mail, attached, now)
    news = not mail.automatic and now - mail.occurred_at <= rules.NEWS_FOR
    record([fact_of(mail, person) for person in people], react=news, now=now)
    if mail.direction == Mail.Direction.IN and news:
        pressure.rest(pressure.REPLY, [person.pk for person in people], f"{first} wrote to us.", now)
        _tell(mail, thread, now)


def fact_of(mail: Mail, person: Contact) -> Fact:
    """What the timeline says of a mail to or from this person."""
    came = mail.direction == Mail.Direction.IN
    kind = "mail.received" if came else "mail.sent"
    words = f"{person.name} wrote" if came else f"Wrote to {person.name}"
    if mail.automatic and came:
        kind, words = "mail.auto_received", f"Automatic mail from {person.name}"
    payload: dict[str, object] = {"mail": mail.pk}
    if mail.thread and person.account_id == mail.account_id:
        payload["open_url"] = f"{mail.thread.get_absolute_url()}#mail-{mail.pk}"
        if came and not mail.automatic:
            payload["answer_url"] = f"{mail.thread.get_absolute_url()}reply/"
        if mail.contact_id == person.pk:
            payload["note"] = rules.shown(of_html(as_html(mail.text)) if mail.bundle else mail.fresh)
    return Fact(
        person.account_id, kind, f"{words}: {mail}"[:400], mail.occurred_at, contact_id=person.pk,
        source="customer" if came else "person", actor_id=None if came else mail.user_id, channel="email",
        payload=payload, key=f"mail:{mail.pk}:{person.pk}",
    )  # fmt: skip


def _keep(mail: Mail, attached: Sequence[Attached], now: datetime) -> None:
    """Put what came with it into the customer's folder; what is too large for that stays in the mailbox."""
    assert mail.account
    for one in attached:
        if len(one.content) <= settings.FILE_SIZE_LIMIT:
            kept = files.keep(mail.account, ContentFile(one.content, one.name), mail.user, now)
            MailFile.objects.create(mail=mail, file=kept)


def _tell(mail: Mail, thread: MailThread, now: datetime) -> None:
    """Whoever of ours wrote last in the conversation, else the customer's owner."""
    assert mail.account
    own = thread.mails.filter(direction=Mail.Direction.OUT).exclude(user=None).order_by("-occurred_at", "-id").first()
    reader = own.user if own else mail.account.owner
    if reader and reader.is_active:
        text, url = f"{mail.sender} wrote: {mail}"[:300], f"{thread.get_absolute_url()}#mail-{mail.pk}"
        tell([reader], "mail.received", text, url, now, key=f"mail:{mail.pk}", account_id=mail.account_id)


# What a person says of mail that nobody could place -------------------------------------------------------------------


class NotPossible(ValueError):
    """It cannot be done (any more); the message is for whoever asked."""


def link(mail: Mail, contact: Contact, by: User, now: datetime) -> int:
    """All waiting mail with this address is this person's, and so is what comes from it later. Returns how many."""
    with transaction.atomic():
        address = _outside(mail)
        with act("mail.linked", f"linked mail of {address or 'nobody'} to {contact}", by, now, {"contact": contact.pk}):
            if address and address != contact.email and address not in contacts_by([address]):
                Alias.objects.get_or_create(
                    subject="contact", kind=Alias.Kind.EMAIL, value=address, defaults={"contact": contact}
                )
            waiting = Mail.objects.visible_to(by).filter(account=None).in_order().select_for_update(of=("self",))
            came = bool(address) and mail.direction == Mail.Direction.IN
            rows = list((waiting.filter(sender_address=address) if came else waiting.filter(pk=mail.pk))[:_MOST])
            for row in rows:
                file(row, [contact], attached_to(row), now)
        if not rows:
            raise NotPossible("Somebody has filed this mail already.")
        return len(rows)


def _outside(mail: Mail) -> str:
    """The address outside that a mail is from or, if one of ours wrote it, to."""
    if mail.direction == Mail.Direction.IN:
        return mail.sender_address
    return next((address for _, address in mail.recipients), "")


def attached_to(mail: Mail) -> list[Attached]:
    """What came with it, as long as its raw payload is kept."""
    payload = mail.payload
    if payload is None or not payload.raw_kept:
        return []
    return read(bytes(payload.body), payload.received_at).files


@transaction.atomic
def make_contact(mail: Mail, account: Account, first: str, last: str, by: User, now: datetime) -> Contact:
    """Somebody new at this customer, whose mail it is. Raises NotPossible for an address that somebody has."""
    address = _outside(mail)
    if not address or contacts_by([address]):
        raise NotPossible("Somebody with this address is known already. Link the mail to them.")
    try:
        with transaction.atomic():
            made = Contact.objects.create(
                account=account, first_name=first, last_name=last, email=address, created_at=now, updated_at=now
            )
    except IntegrityError:
        raise NotPossible("Somebody has just added a person with this address. Link the mail to them.") from None
    text = f"{made.name} was added"
    fact = Fact(account.pk, "contact.added", text, now, contact_id=made.pk, source="person", actor_id=by.pk)
    record(fact, now=now)
    link(mail, made, by, now)
    return made


@transaction.atomic
def ignore(mail: Mail, by: User, now: datetime, *, always: bool) -> None:
    """Nobody needs this mail, or with `always` any mail of its sender, now and later."""
    rows = Mail.objects.visible_to(by).unmatched()
    if always and mail.sender_address:
        defaults = {"by": by, "at": now}
        IgnoredSender.objects.get_or_create(address=mail.sender_address, defaults=defaults)
        rows = rows.filter(sender_address=mail.sender_address)
    else:
        rows = rows.filter(pk=mail.pk)
    rows.update(ignored_at=now)


@transaction.atomic
def heed(mail: Mail) -> None:
    """Take an ignoring back: all that it hid waits again, and its sender is listened to."""
    at_once = Mail.objects.filter(account=None, ignored_at=mail.ignored_at, sender_address=mail.sender_address)
    at_once.update(ignored_at=None)
    IgnoredSender.objects.filter(address=mail.sender_address).delete()
