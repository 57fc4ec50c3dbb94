"""One bounded slice of what is due."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.db.models import F, Min

from crm.outbox import rules
from crm.outbox.channels import Channel, Refused
from crm.outbox.channels.email import open_channel
from crm.outbox.models import MailPolicy, OutboundMessage, Sender, Switch
from crm.outbox.sending.claim import Claim, claim, crash, may_send
from crm.outbox.sending.letters import decide
from crm.outbox.sending.outcomes import mark, reconcile
from crm.web import clock

logger = logging.getLogger(__name__)


def work(now: datetime) -> int:
    """Settle what dead senders left, then send up to a batch of what is due. Returns how many rows moved.

    Each message is decided in a transaction of its own and handed over outside of any, so this must not be called
    inside one. Raises BadEmailURL.
    """
    began = clock.now()
    moved = reconcile(now)
    claims = claim(now)
    crash("after_claim")
    if not claims:
        return moved
    default = Sender.the_default()
    with open_channel(settings.EMAIL_URL) as channel:
        for position, mine in enumerate(claims):
            # A slice takes real time, which leases and caps must see; on a clock that stands still it is none.
            moment = now + (clock.now() - began)
            if not _send(mine, channel, moment, default):
                _put_back(claims[position + 1 :], moment)
                break
    return moved + len(claims)


def _send(mine: Claim, channel: Channel, moment: datetime, default: Sender) -> bool:
    """Decide and hand over one message; False when there is nobody to hand anything to."""
    try:
        envelope = decide(mine, moment, default)
        if envelope is None:
            return True
        crash("before_call")
        outcome = channel.send(envelope)
        crash("after_call")
        mark(mine, outcome, moment)
        crash("after_commit")
    except Exception:
        # A deadlock, or something in us that is broken: one message must not stop the others. What was not committed
        # comes back when its lease is over, with the attempt counted; what had been handed over becomes uncertain.
        logger.exception("Message %s is left for later", mine.message_id)
        return True
    return not (isinstance(outcome, Refused) and outcome.unreachable)


def _put_back(claims: list[Claim], moment: datetime) -> None:
    """Nobody is there to take mail, so the rest of the batch waits without having been tried."""
    for mine in claims:
        ours = OutboundMessage.objects.filter(pk=mine.message_id, state="claimed", attempts=mine.attempts)
        ours.update(
            state="due", due_at=moment + rules.backoff(1, 0), lease_until=None,
            attempts_limit=F("attempts_limit") + 1,  # the one it was taken for
            guard="retry", reason="Waits until the mail server can be reached again.",
        )  # fmt: skip


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
