"""One bounded slice of what is due."""

from __future__ import annotations

import logging
import random
import time
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db.models import Min

from crm.outbox import rules
from crm.outbox.channels import Channel, Outcome, Refused, chats
from crm.outbox.channels.email import BadEmailURL, open_channel
from crm.outbox.models import MailPolicy, OutboundMessage, Slice, Switch
from crm.outbox.sending import pacing
from crm.outbox.sending.claim import BATCH, Taken, claim, crash, may_send, may_test, release
from crm.outbox.sending.clear import GateClosed, clear
from crm.outbox.sending.fallen import reconcile
from crm.outbox.sending.hand_over import Held, hand_over
from crm.outbox.sending.letters import Letter
from crm.outbox.sending.mark import mark
from crm.outbox.sending.returning import NOBODYS_FAULT, SOON, Because, Claim, come_back, reconnect
from crm.web import clock

logger = logging.getLogger(__name__)


#: Seconds after which a slice takes no further message: far inside the lease, and a job that begins another slice still
#: ends before Celery's limit.
SLICE = 8.0
#: So many messages that clearing may fail over are tried after each slice, each alone.
SUSPECTS = 10

_AWAY = "Waits until the other side can be reached again."
_HELD = "Somebody is working on it or on its reader; it is looked at again in a moment."
_BUSY = "The database had no time for it; it is looked at again in a moment."
_BROKEN = "the sender broke over it ({}: {})."


def work(now: datetime) -> int:
    """Settle what dead senders left, then send up to a batch of what is due. Returns how many rows moved.

    Messages are handed over outside of any transaction, so this must not be called inside one. Raises BadEmailURL, with
    nothing taken.
    """
    if not settings.EMAIL_URL:
        return reconcile(now)
    try:
        channel = open_channel(settings.EMAIL_URL)
    except BadEmailURL:
        reconcile(now)
        raise
    moved = reconcile(now, channel.idempotent_for)
    with channel:
        return moved + send(channel, now)


def work_chats(now: datetime) -> int:
    """The same for what leaves by other ways than mail, each by itself: one that is away keeps none of the others.

    What dead senders left of it, `work` settles.
    """
    began, moved = time.monotonic(), 0
    ways = chats.open_ways()
    for way in random.sample(ways, len(ways)):  # none is always the last, for which no time is left
        if time.monotonic() - began > SLICE:
            break
        with way.open() as channel:
            moved += send(channel, now, way.channel)
    return moved


def send(channel: Channel, now: datetime, name: str = OutboundMessage.MAIL) -> int:
    """A slice of what is due through this channel, and a few of those that it may fail over. Returns how many moved."""
    budget = _Budget(now)
    taken = claim(now, channel=name)
    moved = _work_off(taken, channel, budget) if taken else 0
    for _ in range(SUSPECTS):
        if budget.is_spent or not (suspect := claim(budget.moment(), suspect=True, channel=name)):
            break
        moved += _work_off(suspect, channel, budget)
    return moved


class _Budget:
    """The time that one call of `send` has, and what ended it early."""

    def __init__(self, now: datetime) -> None:
        self.now, self.began, self.started = now, clock.now(), time.monotonic()
        self.longest, self.handed_over = 0.0, 0
        self.pace = BATCH  # so many are cleared at a time: what is not handed over soon must be cleared again
        self.closed = False  # somebody holds the gate
        self.away_until: datetime | None = None  # nobody is there to take mail

    def moment(self) -> datetime:
        """A slice takes real time, which leases and caps must see; on a clock that stands still it is none."""
        return self.now + (clock.now() - self.began)

    def count(self, seconds: float) -> None:
        self.handed_over, self.longest = self.handed_over + 1, max(self.longest, seconds)

    @property
    def is_spent(self) -> bool:
        """No further message: another one as slow as the slowest so far would take too long, or none can leave."""
        if self.closed or self.away_until:
            return True
        return bool(self.handed_over) and time.monotonic() - self.started + self.longest > SLICE


def _work_off(taken: Taken, channel: Channel, budget: _Budget) -> int:
    """Clear and hand over until nothing is left, time is up, or nothing of the rest stands.

    What was not tried waits on, whatever happens. Returns how many rows moved.
    """
    crash("after_claim")
    todo = dict.fromkeys(taken.claims)
    try:
        while todo and not budget.is_spent and _round(taken, todo, channel, budget):
            pass
    except GateClosed:
        budget.closed = True  # whoever holds it may take long; the next bell looks again
    finally:
        come_back(list(todo), Because.UNTRIED, budget.away_until, _AWAY if budget.away_until else "")
        release(taken)
    return len(taken.claims) if budget.away_until else len(taken.claims) - len(todo)


def _round(taken: Taken, todo: dict[Claim, None], channel: Channel, budget: _Budget) -> bool:
    """Clear what is left of a slice and hand over what passes; both go from `todo`. False: there was no getting on."""
    before, same_key = len(todo), channel.idempotent_for is not None
    some = list(todo)[: budget.pace]
    try:
        cleared = clear(some, budget.moment(), slice_id=taken.slice_id, same_key=same_key)
    except (GateClosed, SoftTimeLimitExceeded):
        raise
    except NOBODYS_FAULT:
        logger.warning("A slice of %d messages is left for later", before, exc_info=True)
        reconnect()
        come_back(list(todo), Because.UNTRIED, budget.moment() + SOON, _BUSY)
        todo.clear()
        return False
    except Exception as error:
        # Something in us is broken: one of them must not stop the others, so each goes alone.
        logger.exception("A slice of %d messages could not be cleared", before)
        come_back(list(todo), Because.CLEARING, budget.moment() + rules.backoff(1, 0), _broken(error))
        todo.clear()
        return False
    come_back(cleared.held, Because.UNTRIED, budget.moment() + SOON, _HELD)
    for mine in set(some) - {letter.claim for letter in cleared.letters} - set(cleared.later):
        del todo[mine]
    staying = list(cleared.letters)
    try:
        for letter in cleared.letters:
            if budget.is_spent:
                break
            if _deliver(letter, channel, budget):
                staying.remove(letter)
                del todo[letter.claim]
    finally:
        pacing.give_back(staying)
    left = len(cleared.letters) - len(staying)
    budget.pace = max(1, left) if staying else min(BATCH, 2 * budget.pace)
    return len(todo) < before


def _deliver(letter: Letter, channel: Channel, budget: _Budget) -> bool:
    """Hand over one letter and mark what became of it. False: it does not stand any more. Raises GateClosed."""
    assert letter.written is not None
    before = time.monotonic()
    try:
        if not hand_over(letter, budget.moment()):
            return False
        crash("before_call")
        outcome = channel.send(letter.written)
        crash("after_call")
        _note(letter, outcome, channel, budget)
        crash("after_commit")
    except (GateClosed, SoftTimeLimitExceeded):
        raise
    except Held:
        come_back([letter.claim], Because.UNTRIED, budget.moment() + SOON, _HELD)
        return True
    except NOBODYS_FAULT:
        logger.warning("Message %s is left for later", letter.message.pk, exc_info=True)
        reconnect()
        come_back([letter.claim], Because.UNTRIED, budget.moment() + SOON, _BUSY)
        return True
    except Exception as error:
        # One message must not stop the others. What had been handed over becomes uncertain when its lease is over.
        logger.exception("Message %s is left for later", letter.message.pk)
        come_back([letter.claim], Because.ITSELF, budget.moment() + rules.backoff(1, 0), _broken(error))
        return True
    budget.count(time.monotonic() - before)
    if isinstance(outcome, Refused) and outcome.unreachable:
        budget.away_until = budget.moment() + rules.backoff(1, 0)
    return True


def _note(letter: Letter, outcome: Outcome, channel: Channel, budget: _Budget) -> None:
    """Mark what the channel said; once more if the database had no time for it, as nobody else knows."""
    try:
        mark(letter.message, outcome, budget.moment(), channel.idempotent_for)
    except NOBODYS_FAULT:
        reconnect()
        mark(letter.message, outcome, budget.moment(), channel.idempotent_for)


def _broken(error: Exception) -> str:
    return _BROKEN.format(type(error).__name__, error)


def next_due(now: datetime) -> datetime | None:
    """The first moment after `now` at which `work` will find something."""
    rows = OutboundMessage.objects
    moments = [
        rows.filter(state="sending", lease_until__gt=now).aggregate(at=Min("lease_until"))["at"],
        Slice.objects.filter(lease_until__gt=now).aggregate(at=Min("lease_until"))["at"],
        rows.filter(state="claimed", lease_until__gt=now).aggregate(at=Min("lease_until"))["at"],
    ]
    moments.append(_next_of(OutboundMessage.MAIL, now))
    return min((moment for moment in moments if moment), default=None)


def next_chat(now: datetime) -> datetime | None:
    """The same for `work_chats`."""
    return min((moment for way in chats.open_ways() if (moment := _next_of(way.channel, now))), default=None)


def _next_of(channel: str, now: datetime) -> datetime | None:
    policy, switches = MailPolicy.the_only(), set(Switch.objects.values_list("scope", flat=True))
    due = OutboundMessage.objects.filter(state="due", due_at__gt=now, channel=channel)
    if not may_send(policy, switches, channel):
        if not may_test(policy, switches, channel):
            return None
        due = due.tests()
    moment: datetime | None = (due if channel == OutboundMessage.MAIL else due.exclude(channel="email")).aggregate(
        at=Min("due_at")
    )["at"]
    return moment
