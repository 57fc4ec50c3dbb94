"""What stands between a due message and its reader. Each guard lets it pass, moves it, or says no with a reason.

A guard asks what is `known` and nothing else: asked again with what was kept, it says the same. Guards run inside the
transaction that clears, over what `letters.read` has read, with the policy shared and messages and contacts locked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm import slots
from crm.accounts.models import Contact
from crm.outbox import rules
from crm.outbox.channels import chats
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.outbox.sending.known import Known
from crm.outbox.sending.letters import Letter
from crm.slots import Passed, Refusal
from crm.web import clock

Category = OutboundMessage.Category


@dataclass(frozen=True, slots=True)
class Move:
    """A guard's "not now": the message waits until `until`."""

    guard: str
    reason: str
    until: datetime
    facts: dict[str, Any] = field(default_factory=dict)


type Verdict = Refusal | Move | None


def hold(known: Known) -> Verdict:
    """Mail was put on hold after the message was taken: it goes back and waits. A test of the way out does not."""
    if known.redirected_chat:
        return Move("hold", chats.REDIRECTED.format(known.redirected_chat), known.due_at)
    if known.mode != MailPolicy.Mode.HOLD or known.is_test:
        return None
    return Move("hold", f"Mail is on hold. {known.mode_reason}".strip(), known.due_at)


def address(known: Known) -> Verdict:
    """Somebody must be there to read it, with an address."""
    if known.address:
        return None
    return Refusal("no-address", "Nobody there has an e-mail address." if not known.reader else
                   f"{known.reader} has no e-mail address.")  # fmt: skip


def closed(known: Known) -> Verdict:
    """Whoever of ours has left reads nothing more, but for what lets somebody in who has been invited."""
    if not known.closed:
        return None
    return Refusal("closed", f"The account of {known.reader} is closed, so nothing is sent to them any more.")


def suppression(known: Known) -> Verdict:
    """An address that bounced, complained or opted out gets nothing, whatever the class."""
    if known.suppressed is None:
        return None
    reason = f"{known.address} gets no mail any more: {known.suppressed}"
    return Refusal("suppression", reason, {"address": known.address})


def do_not_contact(known: Known) -> Verdict:
    """Whom somebody of ours has marked gets replies and receipts only, whatever they agreed to once."""
    if not known.careful or not known.marked:
        return None
    return Refusal("do-not-contact", f"{known.marked} is marked “do not contact”.", {"marked": known.marked})


def consent(known: Known) -> Verdict:
    """Service mail stops at a no, marketing needs a yes; replies and transactional mail do not ask."""
    if known.careful and known.address and not known.reader:
        return Refusal("consent", f"{known.address} is nobody on record, who could have agreed to such mail.")
    if not known.capped:
        return None
    if known.consent == Contact.Consent.NO:
        return Refusal("consent", f"{known.reader} wants no such mail.", {"consent": known.consent})
    if known.category == Category.MARKETING and known.consent != Contact.Consent.YES:
        return Refusal("consent", f"{known.reader} has not agreed to marketing mail.", {"consent": known.consent})
    return None


def switches(known: Known) -> Verdict:
    """A kill switch that was thrown keeps the message where it is until the switch is off again."""
    if not known.stopped:
        return None
    reason = f"Mail is stopped ({known.stopped}). {known.stopped_because}".strip()
    return Move("switch", reason, known.due_at, {"scope": known.stopped})


def topic(known: Known) -> Verdict:
    """What its reader wants to read nothing about."""
    if not known.capped or not known.refused_topic:
        return None
    reason = f"{known.reader} wants no mail about “{known.topic}”."
    return Refusal("topic", reason, {"topic": known.refused_topic})


def pause(known: Known) -> Verdict:
    """While automation is paused for a contact, what is not urgent waits; also while they want a pause themselves."""
    if not known.capped:
        return None
    resting = [
        (known.paused_until, f"Automation is paused for {known.reader}. {known.paused_because}".strip()),
        (known.wants_pause_until, f"{known.reader} wants no such mail until then."),
    ]
    standing = [(until, why) for until, why in resting if until and until > known.moment]
    if not standing:
        return None
    until, why = max(standing)
    return Move("pause", why, until, {"until": until})


def lateness(known: Known) -> Verdict:
    """Past its last moment a message would confuse more than help."""
    expires = known.expires_at
    if expires is None or known.moment <= expires:
        return None
    return _late(known, known.moment, known.waited_for)  # a move that came before says what it waited for


def _late(known: Known, moment: datetime, because: str) -> Refusal:
    return too_late(known.planned_for, known.expires_at, moment, because)


def late(message: OutboundMessage, moment: datetime, because: str = "") -> Refusal:
    return too_late(message.planned_for, message.expires_at, moment, because)


def too_late(planned_for: datetime, expires_at: datetime | None, moment: datetime, because: str) -> Refusal:
    zone = clock.zone()
    reason = f"Too late: it was planned for {planned_for.astimezone(zone):%-d %B %H:%M}"
    reason += f" and kept back until {moment.astimezone(zone):%-d %B}. {because}" if because else "."
    return Refusal("late", reason, {"expires_at": expires_at, "at": moment})


def cap(known: Known) -> Verdict:
    """No contact gets more than the cap allows: the house's, and the one that they chose themselves."""
    if not known.capped:
        return None
    found: list[Move] = []
    for place, (count, days) in enumerate(known.caps):
        times = [at for at in known.got if at > known.moment - timedelta(days=days)][: max(count, 1)]
        if until := rules.capped_until(times, known.moment, count, days):
            got = f"{len(times)} message{'' if len(times) == 1 else 's'} in {days} day{'' if days == 1 else 's'}"
            reason = f"{known.reader} got {got}; the cap is {count}."
            if place:  # the first is the house's
                reason = f"{known.reader} wants no more than one message in {days} days."
            found.append(Move("cap", reason, until, {"got": len(times), "cap": count, "days": days}))
    return max(found, key=lambda move: move.until, default=None)


def quiet_hours(known: Known) -> Verdict:
    """Nobody is written to at night, in the reader's zone."""
    if not known.careful:
        return None
    until = rules.quiet_until(known.moment, ZoneInfo(known.zone), known.quiet_from, known.quiet_to)
    if until is None:
        return None
    reason = f"Quiet hours {known.quiet_from:%H:%M}–{known.quiet_to:%H:%M} in {known.zone}."
    return Move("quiet-hours", reason, until, {"zone": known.zone})


def others(letters: Sequence[Letter]) -> dict[int, Verdict]:
    """What other rooms have to say, such as the workflow that wanted the message; each is asked once."""
    verdicts: dict[int, Verdict] = {}
    if not letters:
        return verdicts
    by_id = {letter.message.pk: letter for letter in letters}
    messages, moment = [letter.message for letter in letters], letters[0].moment
    for guard in slots.send_guards:
        for pk, said in guard(messages, moment).items():
            by_id[pk].asked.append([said.guard, dict(said.facts)])
            if isinstance(said, Passed):
                continue
            no = Move(said.guard, said.reason, said.until, dict(said.facts)) if said.until else said
            verdicts.setdefault(pk, no)
    return verdicts


#: In this order, a no before a move, and then the sender's slots, when nothing else can stop the message.
BEFORE_OTHERS: tuple[Callable[[Known], Verdict], ...] = (
    hold, address, closed, suppression, do_not_contact, consent, topic, switches,
)  # fmt: skip
AFTER_OTHERS: tuple[Callable[[Known], Verdict], ...] = (lateness, pause, cap, quiet_hours)

#: What the passing of time alone can bring about after the clearing.
TIMELY = (lateness, quiet_hours)


def judge(letters: Sequence[Letter]) -> dict[int, Verdict]:
    """The first objection to each letter, by message id; None lets it pass, as far as its sender has a slot."""
    known = {letter.message.pk: letter.known() for letter in letters}
    verdicts = {pk: first(BEFORE_OTHERS, of) for pk, of in known.items()}
    verdicts |= others([letter for letter in letters if verdicts[letter.message.pk] is None])
    return {pk: decided(known[pk], verdict) for pk, verdict in verdicts.items()}


def decided(known: Known, objection: Verdict) -> Verdict:
    """What comes of it where this was objected so far, if anything was."""
    return in_time(known, objection or first(AFTER_OTHERS, known))


def in_time(known: Known, verdict: Verdict) -> Verdict:
    """A move past the message's last moment is a no."""
    if isinstance(verdict, Move) and known.expires_at and verdict.until > known.expires_at:
        return _late(known, verdict.until, verdict.reason)
    return verdict


def first(guards: Sequence[Callable[[Known], Verdict]], known: Known) -> Verdict:
    return next((verdict for guard in guards if (verdict := guard(known))), None)
