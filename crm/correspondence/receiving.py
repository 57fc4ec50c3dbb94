"""What becomes of a mail that came in: whose it is, whether it proves that, and what it must not set off.

Nobody outside may write onto a timeline by knowing an address. A mail is let in if it proves that we let it:

- **the token of one of ours** behind the plus of our own address, which stands in blind copies alone. It lets the mail
  in; its sender says which way it went. Only from the colleague's own address is it theirs, *sent*, and goes to the
  people it is addressed to. The token alone does not make it theirs: whoever is answered to “all” has read it too;
- **the token of a conversation**, where our mail asks to be answered to, or the Message-ID of a mail of ours. Both are
  known to whoever got that mail. It lets in people of that customer; anybody else waits for a person, who is told what
  the mail claims to answer;
- nothing, from somebody known: senders are easily forged, so it waits for a person, unless admins have said that their
  mailbox takes no forged mail (InboxSettings.trusts_senders).

Other rooms may take a mail first (`slots.mail_takers`), unless it bears the token of one of ours or of a conversation.

Machines get no answer, and start nothing: see RFC 3834 and `mail.ReadMail.automatic`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm import slots
from crm.accounts.models import Contact
from crm.correspondence import filing, rules
from crm.correspondence.models import IgnoredSender, Mail, MailIdentity, MailThread
from crm.correspondence.reading.mail import ReadMail, read
from crm.inbox.models import InboxSettings
from crm.outbox.bouncing import bounced
from crm.outbox.models import OutboundMessage
from crm.slots import Arrived, Handled
from crm.team.models import User
from crm.web.locks import take_turns

_UNKNOWN = "Nobody with this address is known."
_NOBODY = "It is addressed to nobody who is known."
_UNPROVEN = "It says that it is from somebody known, but proves nothing."
_STRANGER_IN_THREAD = "It answers a mail of ours, but nobody of that customer has this address."
_OVERSIZE = "\n\n[This mail has {:,} bytes, more than is kept here. All of it lies in the mailbox it came from.]"


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a mail brings to show that we let it in."""

    colleague: User | None = None  # whose token it names
    theirs: bool = False  # and whose address it is from
    tokens: Sequence[str] = ()  # of conversations
    threads: frozenset[int] = frozenset()  # conversations that these, or Message-IDs of ours, lead to
    readers: frozenset[int] = frozenset()  # customers that got a mail of ours which it answers

    @property
    def is_ours(self) -> bool:
        """It bears a token of ours, whatever else it names."""
        return self.colleague is not None or MailThread.objects.filter(token__in=self.tokens).exists()


def receive(arrived: Arrived, now: datetime) -> Handled:
    """The handler of mail, in the inbox's transaction. The same mail, by whatever way it comes again, makes nothing."""
    envelope_to = [arrived.headers.get("to", "").lower()]
    mail = read(arrived.body, arrived.received_at)
    names = [one.address for one in filter(None, (mail.sender, *mail.to))]
    take_turns(f"mail:{mail.message_id}")  # the same mail by two ways at once
    if Mail.objects.filter(message_id=mail.message_id).exists():
        return Handled("It is there already.", ignored=True, addresses=names)
    if OutboundMessage.objects.filter(message_id=f"<{mail.message_id}>").exists():
        return Handled("It is one of our own, come back by another way.", ignored=True, addresses=names)
    if mail.report is not None:
        return _reported(mail, names, now)
    own = InboxSettings.the_only()
    proof = _proof(mail, [*mail.delivered_to, *envelope_to], own.address)
    if not proof.is_ours and (taken := _taken(arrived, mail, now)):
        return taken
    row = _row(arrived, mail, proof, own.address)
    note = _place(row, mail, proof, own, now)
    return Handled(note, ignored=row.pk is None, addresses=names)


def _taken(arrived: Arrived, mail: ReadMail, now: datetime) -> Handled | None:
    """What the first room that takes it made of it."""
    return next((handled for taker in slots.mail_takers if (handled := taker(arrived, mail, now))), None)


def _reported(mail: ReadMail, names: list[str], now: datetime) -> Handled:
    """A mail server about a mail of ours; it is nobody's mail itself."""
    report = mail.report
    assert report
    if not report.failed or not report.of:
        return Handled(f"A report that says “{report.action or 'nothing'}”.", ignored=True, addresses=names)
    said = " ".join(filter(None, (report.status, report.said)))
    message = bounced(report.of, report.address, said, now, no_mailbox=report.no_mailbox)
    if message is None:
        return Handled("A report about no mail of ours.", ignored=True, addresses=names)
    return Handled(f"A report: message {message.pk} came back.", addresses=[*names, report.address])


def _proof(mail: ReadMail, delivered_to: Sequence[str], own: str) -> _Proof:
    tokens = rules.tokens_in(delivered_to, own)
    identity = MailIdentity.objects.select_related("user").filter(token__in=tokens.users, user__is_active=True).first()
    user = identity.user if identity else None
    sender = mail.sender.address if mail.sender else ""
    theirs = identity is not None and sender in {identity.user.email.lower(), *identity.addresses}
    threads = set(MailThread.objects.filter(token__in=tokens.threads).values_list("pk", flat=True))
    sent = OutboundMessage.objects.filter(message_id__in=[f"<{one}>" for one in mail.references])
    answered = Mail.objects.filter(message_id__in=mail.references, direction=Mail.Direction.OUT)
    threads |= set(answered.exclude(thread=None).values_list("thread", flat=True))
    threads |= set(Mail.objects.filter(outbound__in=sent).exclude(thread=None).values_list("thread", flat=True))
    readers = set(sent.exclude(account=None).values_list("account", flat=True))
    return _Proof(user, theirs, tokens.threads, frozenset(threads), frozenset(readers))


def _row(arrived: Arrived, mail: ReadMail, proof: _Proof, own: str) -> Mail:
    """Not saved yet."""
    readers = [[one.name, one.address] for one in mail.to if not rules.is_own(one.address, own)]
    return Mail(
        user=proof.colleague, direction=Mail.Direction.OUT if proof.theirs else Mail.Direction.IN,
        message_id=mail.message_id, references=mail.references,
        sender_name=mail.sender.name if mail.sender else "", sender_address=mail.sender.address if mail.sender else "",
        recipients=readers, subject=mail.subject, text=text_of(arrived, mail), html=mail.html, folded_at=mail.folded_at,
        occurred_at=mail.date, created_at=arrived.received_at, automatic=mail.automatic, payload_id=arrived.id,
    )  # fmt: skip


def text_of(arrived: Arrived, mail: ReadMail) -> str:
    """What it says, and what of it is not here."""
    whole = int(arrived.headers.get("size", 0) or 0)
    return (mail.text + (_OVERSIZE.format(whole) if whole > len(arrived.body) else "")).strip()


def _place(row: Mail, mail: ReadMail, proof: _Proof, own: InboxSettings, now: datetime) -> str:
    """File it or let it wait; returns what became of it. Whose sender is ignored is not saved at all."""
    if proof.theirs:
        readers = [address for _, address in row.recipients]
        known = filing.contacts_by(readers)
        people = list({known[one].pk: known[one] for one in readers if one in known}.values())
        return _file(row, people, mail, proof, now) if people else _wait(row, _NOBODY, proof)
    known = filing.contacts_by([row.sender_address]) if row.sender_address else {}
    person = known.get(row.sender_address)
    if person and _lets_in(person, proof, own):
        return _file(row, [person], mail, proof, now)
    if IgnoredSender.objects.filter(address=row.sender_address).exists():
        return "Its sender is ignored."
    if proof.threads and person is None:
        return _wait(row, _STRANGER_IN_THREAD, proof)
    return _wait(row, _UNPROVEN if person else _UNKNOWN, proof)


def _lets_in(person: Contact, proof: _Proof, own: InboxSettings) -> bool:
    """Whether a mail from this person's address may stand on their timeline without anybody's word."""
    if own.trusts_senders or proof.colleague is not None:
        return True
    in_thread = MailThread.objects.filter(pk__in=proof.threads, account=person.account_id).exists()
    return in_thread or person.account_id in proof.readers


def _file(row: Mail, people: list[Contact], mail: ReadMail, proof: _Proof, now: datetime) -> str:
    filing.file(row, people, mail.files, now, proof.tokens)
    return f"Filed at {people[0].account}."


def _wait(row: Mail, because: str, proof: _Proof) -> str:
    row.waits_because = because
    row.answers_id = min(proof.threads, default=None)
    row.save()
    return f"Waits for a person. {because}"
