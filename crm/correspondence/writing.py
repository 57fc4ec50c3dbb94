"""Writing to people: a letter of its own for each, through the outbox, a few seconds after it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from crm.accounts.models import AccountFile, Contact
from crm.correspondence import filing, rules
from crm.correspondence.models import Mail, MailFile, MailThread
from crm.inbox.models import InboxSettings
from crm.outbox import settling
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.slots import Enclosed, Explanation, Refusal
from crm.team.models import User
from crm.timeline.actions import Fact
from crm.web.locks import take_turns

#: Ancestors that a mail names: mailboxes look no further.
_MOST_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Composed:
    """What somebody wrote. `bundle` is the form's own: sent twice, it is one writing."""

    bundle: UUID
    people: Sequence[Contact]
    subject: str
    text: str  # Markdown
    files: Sequence[AccountFile] = ()
    sender_id: int | None = None
    thread: MailThread | None = None  # that it goes on with; else each reader has a new one


@transaction.atomic
def write(composed: Composed, by: User, now: datetime) -> list[Mail]:
    """Plan it: it leaves when nobody has called it off for `rules.UNDO_FOR`. Known bundles keep their old mail."""
    take_turns(f"bundle:{composed.bundle}")
    if old := list(Mail.objects.filter(bundle=composed.bundle, user=by).order_by("id")):
        return old
    return [_write_to(person, composed, by, now) for person in composed.people]


def _write_to(person: Contact, composed: Composed, by: User, now: datetime) -> Mail:
    thread = composed.thread or MailThread.objects.create(
        account_id=person.account_id, contact=person, subject=rules.bare(composed.subject), last_at=now
    )
    MailThread.objects.filter(pk=thread.pk).update(last_at=now)
    mail = Mail.objects.create(
        thread=thread, account_id=person.account_id, contact=person, user=by, direction=Mail.Direction.OUT,
        references=_ancestors(thread), sender_name=str(by), sender_address=by.email.lower(),
        recipients=[[person.name, person.email or ""]], subject=composed.subject, text=composed.text, occurred_at=now,
        created_at=now, bundle=composed.bundle,
    )  # fmt: skip
    MailFile.objects.bulk_create([MailFile(mail=mail, file=file) for file in composed.files])
    key = f"mail:{composed.bundle}:{person.pk}"
    draft = Draft(
        key=key, category=OutboundMessage.Category.REPLY, template_id=template("{{ subject }}", "{{ text }}"),
        due_at=now + rules.UNDO_FOR, account_id=person.account_id, contact_id=person.pk,
        facts={"subject": composed.subject, "text": composed.text}, origin=OutboundMessage.PERSONAL,
        origin_id=mail.pk, sender_id=composed.sender_id,
    )  # fmt: skip
    mail.outbound_id = enqueue([draft], now=now)[key]
    mail.save(update_fields=["outbound"])
    return mail


def _ancestors(thread: MailThread) -> list[str]:
    """The Message-IDs of the conversation so far, the last to come first: when they were written they may say wrong."""
    mails = thread.mails.select_related("outbound").order_by("-id")[:_MOST_REFERENCES]
    ids = [one.message_id or (one.outbound.message_id.strip("<>") if one.outbound else "") for one in mails]
    return [one for one in ids if one and not one.startswith("sha256:")]


def call_off(bundle: UUID, by: User, now: datetime) -> tuple[list[Mail], list[Mail]]:
    """Stop what has not left of a writing of one's own: (mails that do not leave, mails that are gone). Again and again
    is as once."""
    stopped: list[Mail] = []
    gone: list[Mail] = []
    for mail in Mail.objects.filter(bundle=bundle, user=by).select_related("contact").order_by("id"):
        (stopped if _stop(mail, by, now) else gone).append(mail)
    return stopped, gone


def _stop(mail: Mail, by: User, now: datetime) -> bool:
    """Whether it does not leave, also when it was called off before."""
    if mail.outbound_id is None:
        return True
    try:
        settling.cancel(mail.outbound_id, "Called off by whoever wrote it.", by, now)
    except settling.NotPossible:
        off = OutboundMessage.objects.filter(pk=mail.outbound_id, state=OutboundMessage.State.CANCELLED)
        return off.exists()
    return True


# What the outbox asks while it sends ----------------------------------------------------------------------------------


def enclose(message: OutboundMessage) -> Enclosed:
    """Where it is answered to, what it answers, what goes along, and whose it is."""
    mail = _mail_of(message)
    if mail is None:
        return Enclosed(formatted=True)
    own = InboxSettings.the_only().address
    by = mail.user.email if mail.user else ""
    home = rules.with_token(own, "t", mail.thread.token) if own and mail.thread else by
    headers = {"Reply-To": home} if home else {}
    if mail.references:
        headers["In-Reply-To"] = f"<{mail.references[0]}>"
        headers["References"] = " ".join(f"<{one}>" for one in reversed(mail.references))
    files = AccountFile.objects.filter(pk__in=mail.files.values("file")).order_by("pk")
    return Enclosed(
        headers,
        [(file.name, file.content_type, file.stored_as) for file in files],
        str(mail.user or ""),
        formatted=True,
    )


def tell(message: OutboundMessage, at: datetime) -> Fact | None:
    """What the timeline says of one that has left."""
    mail = _mail_of(message)
    if mail is None or mail.contact is None:
        return None
    mail.occurred_at = at
    fact = filing.fact_of(mail, mail.contact)
    fact.payload.update({"why_url": "", "message": message.pk})
    return fact


def _mail_of(message: OutboundMessage) -> Mail | None:
    rows = Mail.objects.select_related("user", "thread", "contact")
    return rows.filter(pk=message.origin_id).first() if message.origin_id else None


def guard(messages: Sequence[Any], now: datetime) -> dict[int, Refusal]:
    """A person who is not to be contacted gets answers, and nothing that they have not asked for."""
    written = {m.origin_id: m for m in messages if m.origin == OutboundMessage.PERSONAL and m.contact}
    marked = {
        pk: m for pk, m in written.items() if m.contact.do_not_contact or m.contact.account.do_not_contact
    }  # fmt: skip
    if not marked:
        return {}
    threads = dict(Mail.objects.filter(pk__in=marked).values_list("pk", "thread"))
    asked = set(
        Mail.objects.filter(thread__in=threads.values(), direction=Mail.Direction.IN).values_list("thread", flat=True)
    )
    return {
        m.pk: Refusal("do-not-contact", f"{m.contact} is marked “do not contact”, and has not written first.")
        for pk, m in marked.items()
        if threads.get(pk) not in asked
    }


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why such a message exists."""
    mails = Mail.objects.filter(pk__in=list(ids)).select_related("user", "thread")
    return {
        mail.pk: Explanation(
            f"{mail.user or 'Somebody'} wrote it", mail.thread.get_absolute_url() if mail.thread else "",
            [("Conversation", str(mail.thread or mail)), ("Obeys", "suppressed addresses and “do not contact”")],
        )
        for mail in mails
    }  # fmt: skip
