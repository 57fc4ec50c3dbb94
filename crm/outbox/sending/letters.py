"""A slice's messages with all that stands for or against them, read in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import CharField
from django.db.models.expressions import RawSQL

from crm.accounts.models import Account, Contact
from crm.outbox import rules
from crm.outbox.mime import Envelope
from crm.outbox.models import CHATS, MailPolicy, OutboundMessage, Sender, Suppression, Switch, Topic
from crm.outbox.sending.known import CAREFUL, Known
from crm.outbox.sending.returning import Claim
from crm.team.models import User
from crm.web import clock
from crm.web.locks import held

#: SQL: each copy of mail to contacts that left or may have left since then, which is what the cap counts. What waits to
#: go again under its key is one copy, and does not stand in its own way. What people of ours write on their own
#: counts, so that machines keep still after them; answers in tickets and receipts do not: their readers asked for them.
COPIES = """
    SELECT m.id, m.contact_id, copy.at FROM crm_outboundmessage m CROSS JOIN LATERAL unnest(m.left_before || CASE
        WHEN m.state IN ('sending', 'sent', 'uncertain') OR m.resend_until IS NOT NULL THEN m.sending_at
        END) AS copy (at)
    WHERE m.contact_id = ANY(%(contacts)s) AND m.sending_at > %({since})s AND copy.at > %({since})s
        AND (m.category = ANY(%(careful)s) OR m.origin = 'mail')
"""


@dataclass(slots=True, eq=False)
class Letter:
    """A message on its way with all that is decided on. `asked` keeps what other rooms saw, in order."""

    message: OutboundMessage
    policy: MailPolicy
    sender: Sender
    moment: datetime
    account: Account | None
    contact: Contact | None
    user: User | None
    topic: str = ""  # what its topic is called
    suppressed: str | None = None  # why the address gets nothing
    stopped: Switch | None = None  # a switch that is thrown
    got: Sequence[datetime] = ()  # when the contact got other mail that the cap counts, the newest first
    cleared_at: float = 0.0  # when its clearing had been committed, by time.monotonic()
    version: str = ""  # of the reader's row, as Postgres counts versions
    seen: dict[str, Any] = field(default_factory=dict)  # what else is kept with the sending
    asked: list[Any] = field(default_factory=list)
    rated: dict[str, Any] = field(default_factory=dict)  # why its sender had no slot left
    written: Envelope | None = None

    @property
    def claim(self) -> Claim:
        return Claim(self.message.pk, self.message.attempts)

    @property
    def scopes(self) -> list[str]:
        """The switches that would stop it."""
        scopes = ["all", f"channel:{self.message.channel}", f"sender:{self.sender.name}"]
        if self.careful:
            scopes += ["automatic", f"category:{self.message.category}"]
        return [*scopes, f"contact:{self.contact.pk}"] if self.contact else scopes

    @property
    def reader(self) -> Contact | User | None:
        return self.contact or self.user

    @property
    def address(self) -> str:
        """Where it is meant to go: what it is addressed to, else its reader's own."""
        return self.message.addressed_to or (self.reader and self.reader.email) or ""

    @property
    def reached_as(self) -> str:
        """What a suppression would call the address."""
        return self.message.reached_as(self.address)

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.contact, self.account, self.user)

    @property
    def redirected(self) -> bool:
        """It goes to whoever tries things out, not to its reader."""
        return self.policy.mode == MailPolicy.Mode.REDIRECT

    @property
    def careful(self) -> bool:
        return self.message.category in CAREFUL

    @property
    def capped(self) -> bool:
        """The cap is asked before it leaves."""
        return self.careful and self.contact is not None

    @property
    def caps(self) -> tuple[tuple[int, int], ...]:
        """So many messages in so many days: the house's own, and what the reader chose."""
        pace = self.contact.mail_pace if self.contact else ""
        return rules.caps_of(self.policy.cap_count, self.policy.cap_days, pace)

    def has_room(self, taken: int) -> bool:
        """Whether no cap is full if so many more go to its reader now."""
        return all(
            sum(at > self.moment - timedelta(days=days) for at in self.got) + taken < count for count, days in self.caps
        )

    def known(self, moment: datetime | None = None) -> Known:
        """All that is decided on, at this moment."""
        message, policy, reader = self.message, self.policy, self.reader
        marked = next((one for one in (self.contact, self.account) if one and one.do_not_contact), None)
        is_chat, person = self.redirected and not message.is_mail, self.contact
        refused = message.topic if person and message.topic in person.refused_topics else ""
        return Known(
            moment or self.moment, message.category, message.due_at, message.planned_for, message.expires_at,
            message.reason if message.guard else "", policy.mode, policy.mode_reason, message.is_test,
            CHATS[message.channel] if is_chat else "", str(reader or ""), self.contact is not None, self.address,
            bool(self.user and not self.user.is_active and not message.is_secret), self.suppressed,
            str(marked) if marked else "", self.contact.email_consent if self.contact else "",
            self.stopped.scope if self.stopped else "", self.stopped.reason if self.stopped else "",
            person.automation_paused_until if person else None, person.automation_paused_why if person else "",
            person.mail_paused_until if person else None, refused, self.topic if refused else "",
            self._counted() if self.capped else (), [list(one) for one in self.caps], self.zone.key,
            policy.quiet_from, policy.quiet_to,
        )  # fmt: skip

    def _counted(self) -> Sequence[datetime]:
        """As many of those that it got as any cap counts; two may have left at one moment."""
        looked_at = [min(len(_within(self.got, self.moment, days)), max(count, 1)) for count, days in self.caps]
        return self.got[: max(looked_at)]

    def kept(self) -> dict[str, Any]:
        """What is kept with a decision, so that it can be asked again."""
        more = {name: kept for name, kept in (("asked", self.asked), ("rate", self.rated)) if kept}
        return {"known": self.known().kept()} | more


def _within(times: Sequence[datetime], moment: datetime, days: int) -> list[datetime]:
    return [at for at in times if at > since(days, moment)]


def zone_of(contact: Contact | None, account: Account | None, user: User | None = None) -> ZoneInfo:
    """The reader's zone: the contact's, else the account's, else the installation's; a user's own."""
    if user:
        return user.zone
    return clock.zone(contact.timezone if contact else "", account.timezone if account else "")


def read(claims: Iterable[Claim], policy: MailPolicy, moment: datetime) -> list[Letter]:
    """Lock the messages of these claims that are still ours, and then their readers; what somebody else holds is left
    out.

    In the caller's transaction, which holds the policy, and which thus waits for nobody: whoever closes the gate waits
    for it. The letters come in the order of the claims.
    """
    order = {mine.message_id: place for place, mine in enumerate(claims)}
    attempts = {mine.message_id: mine.attempts for mine in claims}
    rows = OutboundMessage.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("id")
    rows = rows.filter(pk__in=order, state=OutboundMessage.State.CLAIMED, lease_until__gt=moment)
    messages = [m for m in rows.prefetch_related("template", "sender", "account") if m.attempts == attempts[m.pk]]
    messages.sort(key=lambda message: order[message.pk])
    return lettered(messages, policy, moment)


def imagined(message: OutboundMessage, moment: datetime) -> Letter:
    """A letter of a message that need not be there, as it stands: nothing is held, and nothing kept."""
    return lettered([message], MailPolicy.the_only(), moment, hold=False)[0]


def lettered(
    messages: Sequence[OutboundMessage], policy: MailPolicy, moment: datetime, *, hold: bool = True
) -> list[Letter]:
    """Letters of these messages, but for those whose reader somebody else holds."""
    _find_readers([m for m in messages if m.account_id and not (m.contact_id or m.user_id or m.addressed_to)])
    contacts: dict[int | None, Contact] = _versions(
        held(Contact.objects.prefetch_related("account"), skip_locked=True, no_key=True)
        if hold
        else Contact.objects.select_related("account"),
        {m.contact_id for m in messages},
    )
    users: dict[int | None, User] = _versions(User.objects.all(), {m.user_id for m in messages})
    default = Sender.the_default() if any(m.sender_id is None for m in messages) else None
    letters = []
    for message in messages:
        if message.contact_id and message.contact_id not in contacts:
            continue  # somebody else holds it
        message.contact = contact = contacts.get(message.contact_id)
        message.user = user = users.get(message.user_id)
        sender, account = message.sender or default, contact.account if contact else message.account
        assert sender is not None
        letters.append(Letter(message, policy, sender, moment, account, contact, user))
    _look_up(letters, policy, moment)
    return letters


def _find_readers(messages: Sequence[OutboundMessage]) -> None:
    """Account mail finds its reader now; kept, so that cap and switches see it."""
    if not messages:
        return
    readers = Contact.objects.readers_of([m.account_id for m in messages if m.account_id])
    for message in messages:
        reader = readers.get(message.account_id or 0)
        message.contact_id = reader.pk if reader else None


def _versions[T: (Contact, User)](rows: Any, ids: set[int | None]) -> dict[int | None, T]:
    """Rows by id, each with `version`: it changes with every change of the row, and with nothing else."""
    wanted = [pk for pk in ids if pk]
    if not wanted:
        return {}
    xmin = RawSQL(f'"{rows.model._meta.db_table}"."xmin"::text', [], CharField())  # noqa: S611  (a table of ours)
    return {row.pk: row for row in rows.filter(pk__in=wanted).order_by("pk").annotate(version=xmin)}


def _look_up(letters: Sequence[Letter], policy: MailPolicy, moment: datetime) -> None:
    """Suppressions, thrown switches, and what each contact got lately."""
    addresses = {letter.reached_as for letter in letters if letter.address}
    suppressed = Suppression.among(addresses)
    scopes = {scope for letter in letters for scope in letter.scopes}
    standing = Switch.objects.raw("SELECT * FROM crm_switch WHERE scope = ANY(%s) ORDER BY scope", [list(scopes)])
    thrown = {switch.scope: switch for switch in standing}
    topics = _topics(letters)
    got = _got([letter for letter in letters if letter.capped], moment)
    for letter in letters:
        refused = suppressed.get(letter.reached_as)
        letter.suppressed = refused.reason if refused else None
        letter.topic = topics.get(letter.message.topic, letter.message.topic)
        letter.stopped = next((switch for scope, switch in thrown.items() if scope in letter.scopes), None)
        if letter.contact:
            own = letter.message.pk if letter.message.resend_until else None
            letter.got = [at for pk, at in got.get(letter.contact.pk, ()) if pk != own]
        letter.version = getattr(letter.reader, "version", "")


def _topics(letters: Sequence[Letter]) -> dict[str, str]:
    """What topics that readers have refused are called; nothing is asked where nobody has."""
    slugs = {one.message.topic for one in letters if one.contact and one.message.topic in one.contact.refused_topics}
    return dict(Topic.objects.filter(slug__in=slugs).values_list("slug", "name")) if slugs else {}


def since(days: int, moment: datetime) -> datetime:
    """When the window of a cap began."""
    return moment - timedelta(days=days)


def _got(letters: Sequence[Letter], moment: datetime) -> dict[int, list[tuple[int, datetime]]]:
    """By contact which messages it got lately and when, the newest first; as far back as a cap of one of them looks."""
    got: dict[int, list[tuple[int, datetime]]] = {}
    contacts = {letter.contact.pk for letter in letters if letter.contact}
    if not contacts:
        return got
    longest = max(days for letter in letters for _, days in letter.caps)
    values: dict[str, Any] = {
        "contacts": list(contacts), "since": since(longest, moment), "careful": list(CAREFUL),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"{COPIES.format(since='since')} ORDER BY copy.at DESC", values)
        for pk, contact, at in cursor.fetchall():
            got.setdefault(contact, []).append((pk, at))
    return got
