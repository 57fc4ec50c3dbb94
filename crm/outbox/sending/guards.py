"""What stands between a due message and its reader. Each guard lets it pass, moves it, or says no with a reason.

Guards run inside the transaction that decides, with the policy shared and message and contact locked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from crm import slots
from crm.accounts.models import Account, Contact
from crm.outbox import rules
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.slots import Refusal
from crm.team.models import User
from crm.web import clock

Category = OutboundMessage.Category

#: Classes that obey consent, pauses, cap and quiet hours.
CAREFUL = frozenset({Category.SERVICE, Category.MARKETING})


@dataclass(frozen=True, slots=True)
class Move:
    """A guard's "not now": the message waits until `until`."""

    guard: str
    reason: str
    until: datetime
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Letter:
    """A message on its way with all that is decided on. `seen` collects what the guards saw when they let it pass."""

    message: OutboundMessage
    policy: MailPolicy
    sender: Sender
    moment: datetime
    account: Account | None
    contact: Contact | None
    user: User | None
    suppressed: str | None = None  # why the address gets nothing
    stopped: str | None = None  # the scope of a switch that is thrown
    stopped_because: str | None = None
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def scopes(self) -> list[str]:
        """The switches that would stop it."""
        scopes = ["all", f"channel:{self.message.channel}", f"sender:{self.sender.name}"]
        return [*scopes, f"contact:{self.contact.pk}"] if self.contact else scopes

    @property
    def reader(self) -> Contact | User | None:
        return self.contact or self.user

    @property
    def address(self) -> str:
        return (self.reader and self.reader.email) or ""

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


def zone_of(contact: Contact | None, account: Account | None, user: User | None = None) -> ZoneInfo:
    """The reader's zone: the contact's, else the account's, else the installation's; a user's own."""
    if user:
        return user.zone
    return clock.zone(contact.timezone if contact else "", account.timezone if account else "")


type Verdict = Refusal | Move | None


def hold(letter: Letter) -> Verdict:
    """Mail was put on hold after the message was taken: it goes back and waits."""
    if letter.policy.mode != MailPolicy.Mode.HOLD:
        return None
    return Move("hold", f"Mail is on hold. {letter.policy.mode_reason}".strip(), letter.message.due_at)


def address(letter: Letter) -> Verdict:
    """Somebody must be there to read it, with an address."""
    if letter.address:
        return None
    return Refusal("no-address", "Nobody there has an e-mail address." if not letter.reader else
                   f"{letter.reader} has no e-mail address.")  # fmt: skip


def suppression(letter: Letter) -> Verdict:
    """An address that bounced, complained or opted out gets nothing, whatever the class."""
    if letter.suppressed is None:
        return None
    reason = f"{letter.address} gets no mail any more: {letter.suppressed}"
    return Refusal("suppression", reason, {"address": letter.address})


def consent(letter: Letter) -> Verdict:
    """Service mail stops at a no, marketing needs a yes; replies and transactional mail do not ask."""
    if not letter.careful or not letter.contact:
        return None
    given = letter.seen["consent"] = letter.contact.email_consent
    if given == Contact.Consent.NO:
        return Refusal("consent", f"{letter.contact} wants no such mail.", {"consent": given})
    if letter.message.category == Category.MARKETING and given != Contact.Consent.YES:
        return Refusal("consent", f"{letter.contact} has not agreed to marketing mail.", {"consent": given})
    return None


def switches(letter: Letter) -> Verdict:
    """A kill switch that was thrown keeps the message where it is until the switch is off again."""
    if letter.stopped is None:
        return None
    reason = f"Mail is stopped ({letter.stopped}). {letter.stopped_because}".strip()
    return Move("switch", reason, letter.message.due_at, {"scope": letter.stopped})


def pause(letter: Letter) -> Verdict:
    """While automation is paused for a contact, what is not urgent waits."""
    until = letter.contact.automation_paused_until if letter.contact else None
    if not letter.careful or until is None or until <= letter.moment:
        return None
    return Move("pause", f"Automation is paused for {letter.contact}.", until, {"until": until})


def others(letter: Letter) -> Verdict:
    """What other rooms have to say, such as the workflow that wanted the message."""
    for guard in slots.send_guards:
        refusal = guard([letter.message], letter.moment).get(letter.message.pk)
        if refusal and refusal.until:
            return Move(refusal.guard, refusal.reason, refusal.until, dict(refusal.facts))
        if refusal:
            return refusal
    return None


def lateness(letter: Letter) -> Verdict:
    """Past its last moment a message would confuse more than help."""
    expires = letter.message.expires_at
    if expires is None or letter.moment <= expires:
        return None
    return late(letter.message, letter.moment)


def late(message: OutboundMessage, moment: datetime) -> Refusal:
    reason = f"Too late: it was planned for {message.planned_for:%-d %B %Y %H:%M} UTC."
    return Refusal("late", reason, {"expires_at": message.expires_at, "at": moment})


def cap(letter: Letter) -> Verdict:
    """No contact gets more service and marketing mail than the cap allows.

    The contact's row is locked, so a sending that another sender has just committed is counted.
    """
    if not letter.careful or not letter.contact:
        return None
    policy, window = letter.policy, timedelta(days=letter.policy.cap_days)
    got = OutboundMessage.objects.filter(
        contact=letter.contact, sending_at__gt=letter.moment - window, category__in=CAREFUL,
        state__in=["sending", "sent", "uncertain"],
    ).exclude(pk=letter.message.pk)  # fmt: skip
    newest = got.order_by("-sending_at").values_list("sending_at", flat=True)[: max(policy.cap_count, 1)]
    times = [moment for moment in newest if moment]
    letter.seen |= {"got": len(times), "cap": policy.cap_count, "days": policy.cap_days}
    until = rules.capped_until(times, letter.moment, policy.cap_count, policy.cap_days)
    if until is None:
        return None
    reason = f"{letter.contact} got {len(times)} messages in {policy.cap_days} days; the cap is {policy.cap_count}."
    return Move("cap", reason, until, {"got": len(times), "cap": policy.cap_count, "days": policy.cap_days})


def quiet_hours(letter: Letter) -> Verdict:
    """Nobody is written to at night, in the reader's zone."""
    if not letter.careful:
        return None
    policy, zone = letter.policy, letter.zone
    letter.seen["zone"] = zone.key
    until = rules.quiet_until(letter.moment, zone, policy.quiet_from, policy.quiet_to)
    if until is None:
        return None
    reason = f"Quiet hours {policy.quiet_from:%H:%M}–{policy.quiet_to:%H:%M} in {zone.key}."
    return Move("quiet-hours", reason, until, {"zone": zone.key})


# A sender whose clock is a little behind counts into the minute that another has begun.
_TAKE_SLOT = """
    UPDATE crm_sender SET used = CASE WHEN minute >= %(minute)s THEN used + 1 ELSE 1 END,
        minute = greatest(minute, %(minute)s)
    WHERE id = %(sender)s AND (minute IS NULL OR minute < %(minute)s OR used < greatest(per_minute, 1))
    RETURNING id
"""


def rate(letter: Letter) -> Verdict:
    """A sender sends so many in a minute of the clock. What is over is spread over later minutes.

    What counts is what was sent in this minute, not what had been moved to it: after an outage nothing waits for
    slots that passed unused.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_SLOT, {"minute": rules.minute_of(letter.moment), "sender": letter.sender.pk})
        if cursor.fetchone():
            return None
    sender = Sender.objects.select_for_update().get(pk=letter.sender.pk)
    minute, sender.next_at = rules.next_slot(sender.next_at, letter.moment + rules.MINUTE, sender.per_minute)
    sender.save(update_fields=["next_at"])
    return Move("rate", f"{sender} sends {sender.per_minute} messages a minute.", minute, {"sender": sender.name})


#: In this order: a no before a move, and the sender's slot is taken last, when nothing else can stop the message.
GUARDS: tuple[Callable[[Letter], Verdict], ...] = (
    hold, address, suppression, consent, switches, others, lateness, pause, cap, quiet_hours, rate,
)  # fmt: skip


def judge(letter: Letter) -> Verdict:
    """The first objection. A move past the message's last moment is a no."""
    for guard in GUARDS:
        verdict = guard(letter)
        if isinstance(verdict, Move) and letter.message.expires_at and verdict.until > letter.message.expires_at:
            return late(letter.message, verdict.until)
        if verdict:
            return verdict
    return None
