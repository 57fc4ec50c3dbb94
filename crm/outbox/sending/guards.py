"""What stands between a due message and its reader. Each guard lets it pass, moves it, or says no with a reason.

Guards run inside the transaction that clears, over what `letters.read` has read, with the policy shared and messages
and contacts locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection

from crm import slots
from crm.accounts.models import Contact
from crm.outbox import rules
from crm.outbox.channels import chats
from crm.outbox.models import CHATS, MailPolicy, OutboundMessage, Sender
from crm.outbox.sending.letters import Letter
from crm.slots import Refusal

Category = OutboundMessage.Category


@dataclass(frozen=True, slots=True)
class Move:
    """A guard's "not now": the message waits until `until`."""

    guard: str
    reason: str
    until: datetime
    facts: dict[str, Any] = field(default_factory=dict)


type Verdict = Refusal | Move | None


def hold(letter: Letter) -> Verdict:
    """Mail was put on hold after the message was taken: it goes back and waits. A test of the way out does not."""
    if letter.redirected and not letter.message.is_mail:
        return Move("hold", chats.REDIRECTED.format(CHATS[letter.message.channel]), letter.message.due_at)
    if letter.policy.mode != MailPolicy.Mode.HOLD or letter.message.is_test:
        return None
    return Move("hold", f"Mail is on hold. {letter.policy.mode_reason}".strip(), letter.message.due_at)


def address(letter: Letter) -> Verdict:
    """Somebody must be there to read it, with an address."""
    if letter.address:
        return None
    return Refusal("no-address", "Nobody there has an e-mail address." if not letter.reader else
                   f"{letter.reader} has no e-mail address.")  # fmt: skip


def closed(letter: Letter) -> Verdict:
    """Whoever of ours has left reads nothing more, but for what lets somebody in who has been invited."""
    if letter.user is None or letter.user.is_active or letter.message.is_secret:
        return None
    return Refusal("closed", f"The account of {letter.user} is closed, so nothing is sent to them any more.")


def suppression(letter: Letter) -> Verdict:
    """An address that bounced, complained or opted out gets nothing, whatever the class."""
    if letter.suppressed is None:
        return None
    reason = f"{letter.address} gets no mail any more: {letter.suppressed}"
    return Refusal("suppression", reason, {"address": letter.address})


def do_not_contact(letter: Letter) -> Verdict:
    """Whom somebody of ours has marked gets replies and receipts only, whatever they agreed to once."""
    if not letter.careful:
        return None
    marked = next((one for one in (letter.contact, letter.account) if one and one.do_not_contact), None)
    if marked is None:
        return None
    return Refusal("do-not-contact", f"{marked} is marked “do not contact”.", {"marked": str(marked)})


def consent(letter: Letter) -> Verdict:
    """Service mail stops at a no, marketing needs a yes; replies and transactional mail do not ask."""
    if letter.careful and letter.message.addressed_to and not letter.reader:
        return Refusal("consent", f"{letter.address} is nobody on record, who could have agreed to such mail.")
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
    reason = f"Mail is stopped ({letter.stopped.scope}). {letter.stopped.reason}".strip()
    return Move("switch", reason, letter.message.due_at, {"scope": letter.stopped.scope})


def topic(letter: Letter) -> Verdict:
    """What its reader wants to read nothing about."""
    if not (letter.careful and letter.contact) or letter.message.topic not in letter.contact.refused_topics:
        return None
    reason = f"{letter.contact} wants no mail about “{letter.topic}”."
    return Refusal("topic", reason, {"topic": letter.message.topic})


def pause(letter: Letter) -> Verdict:
    """While automation is paused for a contact, what is not urgent waits; also while they want a pause themselves."""
    person = letter.contact
    if not letter.careful or person is None:
        return None
    resting = [
        (person.automation_paused_until, f"Automation is paused for {person}. {person.automation_paused_why}".strip()),
        (person.mail_paused_until, f"{person} wants no such mail until then."),
    ]
    standing = [(until, why) for until, why in resting if until and until > letter.moment]
    if not standing:
        return None
    until, why = max(standing)
    return Move("pause", why, until, {"until": until})


def lateness(letter: Letter) -> Verdict:
    """Past its last moment a message would confuse more than help."""
    expires = letter.message.expires_at
    if expires is None or letter.moment <= expires:
        return None
    # A move that came before says what it waited for.
    return late(letter.message, letter.moment, letter.message.reason if letter.message.guard else "")


def late(message: OutboundMessage, moment: datetime, because: str = "") -> Refusal:
    reason = f"Too late: planned for {message.planned_for:%-d %B %H:%M} UTC"
    reason += f", kept back until {moment:%-d %B} by: {because}" if because else "."
    return Refusal("late", reason, {"expires_at": message.expires_at, "at": moment})


def cap(letter: Letter) -> Verdict:
    """No contact gets more than the cap allows: the house's, and the one that they chose themselves."""
    if not letter.capped:
        return None
    found: list[Move] = []
    for count, days in letter.caps:
        times = [at for at in letter.got if at > letter.moment - timedelta(days=days)][: max(count, 1)]
        seen = {"got": len(times), "cap": count, "days": days}
        letter.seen |= seen
        if until := rules.capped_until(times, letter.moment, count, days):
            reason = f"{letter.contact} got {len(times)} messages in {days} days; the cap is {count}."
            if (count, days) != letter.caps[0]:
                reason = f"{letter.contact} wants no more than one message in {days} days."
            found.append(Move("cap", reason, until, seen))
    return max(found, key=lambda move: move.until, default=None)


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
_TAKE_SLOTS = """
    WITH sender AS (
        SELECT id, per_minute, CASE WHEN minute >= %(minute)s THEN used ELSE 0 END AS used
        FROM crm_sender WHERE id = %(sender)s FOR NO KEY UPDATE
    ), urgent AS (
        SELECT *, least(%(urgent)s, greatest(greatest(per_minute, 1) - used, 0)) AS first FROM sender
    ), free AS (
        SELECT id, used, first + least(%(others)s, greatest(
            greatest(per_minute, 1) - least(per_minute / 10, %(reserved)s) - used - first, 0)) AS granted
        FROM urgent
    )
    UPDATE crm_sender s SET minute = greatest(s.minute, %(minute)s), used = free.used + free.granted
    FROM free WHERE s.id = free.id AND free.granted > 0
    RETURNING free.granted
"""

#: So many slots of each minute, though no more than a tenth, are kept for what is urgent.
RESERVED = 10


def rate(letters: Sequence[Letter]) -> dict[int, Move]:
    """A sender sends so many in a minute of the clock. What is over is spread over later minutes.

    What is urgent takes its slots first; else it waits for the next minute, behind nothing. What counts is what was
    sent in this minute, not what had been moved to it: after an outage nothing waits for slots that passed unused.
    Returns moves by message id.
    """
    moves: dict[int, Move] = {}
    for sender_id, group in _by_sender(letters):
        wanting = sorted(group, key=lambda one: one.message.urgency)
        urgent = sum(one.message.urgency == OutboundMessage.URGENT for one in wanting)
        with connection.cursor() as cursor:
            minute = rules.minute_of(wanting[0].moment)
            cursor.execute(
                _TAKE_SLOTS,
                {"minute": minute, "sender": sender_id, "urgent": urgent, "others": len(wanting) - urgent,
                 "reserved": RESERVED},
            )  # fmt: skip
            granted = (cursor.fetchone() or (0,))[0]
        if over := wanting[granted:]:
            moves |= _spread(sender_id, over)
    return moves


def _by_sender(letters: Sequence[Letter]) -> list[tuple[int, list[Letter]]]:
    """In the order of the senders' ids, in which their rows are locked."""
    ordered = sorted(letters, key=lambda letter: letter.sender.pk)
    return [(pk, list(group)) for pk, group in groupby(ordered, key=lambda letter: letter.sender.pk)]


def _spread(sender_id: int, letters: Sequence[Letter]) -> Iterator[tuple[int, Move]]:
    sender = Sender.objects.select_for_update(no_key=True).get(pk=sender_id)
    for letter in letters:
        minute = rules.minute_of(letter.moment + rules.MINUTE)
        if letter.message.urgency != OutboundMessage.URGENT:
            slots_a_minute = sender.per_minute - min(sender.per_minute // 10, RESERVED)
            minute, sender.next_at = rules.next_slot(sender.next_at, minute, slots_a_minute)
        reason = f"{sender} sends {sender.per_minute} messages a minute."
        yield letter.message.pk, Move("rate", reason, minute, {"sender": sender.name})
    sender.save(update_fields=["next_at"])


_GIVE_BACK = """
    UPDATE crm_sender SET used = greatest(used - %(count)s, 0) WHERE id = %(sender)s AND minute = %(minute)s
"""


def give_back(letters: Sequence[Letter]) -> None:
    """These letters did not leave: their slots are for others."""
    for sender_id, unused in _by_sender(letters):
        values: dict[str, Any] = {
            "count": len(unused),
            "sender": sender_id,
            "minute": rules.minute_of(unused[0].moment),
        }
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, values)


def others(letters: Sequence[Letter]) -> dict[int, Verdict]:
    """What other rooms have to say, such as the workflow that wanted the message; each is asked once."""
    verdicts: dict[int, Verdict] = {}
    if not letters:
        return verdicts
    messages, moment = [letter.message for letter in letters], letters[0].moment
    for guard in slots.send_guards:
        for pk, refusal in guard(messages, moment).items():
            no = Move(refusal.guard, refusal.reason, refusal.until, dict(refusal.facts)) if refusal.until else refusal
            verdicts.setdefault(pk, no)
    return verdicts


#: In this order, a no before a move, and then the sender's slots, when nothing else can stop the message.
BEFORE_OTHERS: tuple[Callable[[Letter], Verdict], ...] = (
    hold, address, closed, suppression, do_not_contact, consent, topic, switches,
)  # fmt: skip
AFTER_OTHERS: tuple[Callable[[Letter], Verdict], ...] = (lateness, pause, cap, quiet_hours)

#: What the passing of time alone can bring about after the clearing.
TIMELY = (lateness, quiet_hours)


def judge(letters: Sequence[Letter]) -> dict[int, Verdict]:
    """The first objection to each letter, by message id; None lets it pass, as far as its sender has a slot."""
    verdicts = {letter.message.pk: _first(BEFORE_OTHERS, letter) for letter in letters}
    verdicts |= others([letter for letter in letters if verdicts[letter.message.pk] is None])
    for letter in letters:
        found = verdicts[letter.message.pk]
        verdicts[letter.message.pk] = in_time(letter, found or _first(AFTER_OTHERS, letter))
    return verdicts


def in_time(letter: Letter, verdict: Verdict) -> Verdict:
    """A move past the message's last moment is a no."""
    if isinstance(verdict, Move) and letter.message.expires_at and verdict.until > letter.message.expires_at:
        return late(letter.message, verdict.until, verdict.reason)
    return verdict


def _first(guards: Sequence[Callable[[Letter], Verdict]], letter: Letter) -> Verdict:
    return next((verdict for guard in guards if (verdict := guard(letter))), None)
