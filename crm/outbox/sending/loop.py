"""One bounded slice of what is due."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db.models import Min

from crm.outbox import rules
from crm.outbox.channels import Channel, Refused
from crm.outbox.channels.email import open_channel
from crm.outbox.models import MailPolicy, OutboundMessage, Sender, Switch
from crm.outbox.sending.claim import Claim, claim, crash, may_send, put_back
from crm.outbox.sending.letters import GateClosed, decide
from crm.outbox.sending.outcomes import mark, reconcile
from crm.web import clock

logger = logging.getLogger(__name__)


#: Seconds after which a slice takes no further message: far inside the lease, and a job that begins another slice still
#: ends before Celery's limit.
SLICE = 8.0


def work(now: datetime) -> int:
    """Settle what dead senders left, then send up to a batch of what is due. Returns how many rows moved.

    Each message is decided in a transaction of its own and handed over outside of any, so this must not be called
    inside one. Raises BadEmailURL, with nothing taken.
    """
    began = clock.now()
    moved = reconcile(now)
    if not settings.EMAIL_URL:
        return moved
    channel = open_channel(settings.EMAIL_URL)
    claims = claim(now)
    crash("after_claim")
    if not claims:
        return moved
    with channel:
        return moved + _hand_over(claims, channel, now, began)


def _hand_over(claims: list[Claim], channel: Channel, now: datetime, began: datetime) -> int:
    """Send one after the other while there is time. What was not tried waits on, whatever happens.

    Returns how many rows moved.
    """
    started, longest, done = time.monotonic(), 0.0, 0
    until: datetime | None = None
    try:
        default = Sender.the_default()
        for mine in claims:
            before = time.monotonic()
            if done and before - started + longest > SLICE:
                break
            # A slice takes real time, which leases and caps must see; on a clock that stands still it is none.
            moment = now + (clock.now() - began)
            reachable = _send(mine, channel, moment, default)
            done, longest = done + 1, max(longest, time.monotonic() - before)
            if not reachable:
                until = moment + rules.backoff(1, 0)
                break
    except GateClosed:
        pass  # whoever holds it may take long; the next bell looks again
    finally:
        put_back(claims[done:], until, "Waits until the mail server can be reached again." if until else "")
    return len(claims) if until else done


def _send(mine: Claim, channel: Channel, moment: datetime, default: Sender) -> bool:
    """Decide and hand over one message; False when there is nobody to hand anything to. Raises GateClosed."""
    try:
        envelope = decide(mine, moment, default)
        if envelope is None:
            return True
        crash("before_call")
        outcome = channel.send(envelope)
        crash("after_call")
        mark(mine, outcome, moment)
        crash("after_commit")
    except (GateClosed, SoftTimeLimitExceeded):
        raise
    except Exception:
        # A deadlock, or something in us that is broken: one message must not stop the others. What was not committed
        # comes back when its lease is over, with the attempt counted; what had been handed over becomes uncertain.
        logger.exception("Message %s is left for later", mine.message_id)
        return True
    return not (isinstance(outcome, Refused) and outcome.unreachable)


def next_due(now: datetime) -> datetime | None:
    """The first moment after `now` at which `work` will find something."""
    rows = OutboundMessage.objects
    moments = [rows.filter(state="sending", lease_until__gt=now).aggregate(at=Min("lease_until"))["at"]]
    if may_send(MailPolicy.the_only(), set(Switch.objects.values_list("scope", flat=True))):
        moments += [
            rows.filter(state="due", due_at__gt=now).aggregate(at=Min("due_at"))["at"],
            rows.filter(state="claimed", lease_until__gt=now).aggregate(at=Min("lease_until"))["at"],
        ]
    return min((moment for moment in moments if moment), default=None)
