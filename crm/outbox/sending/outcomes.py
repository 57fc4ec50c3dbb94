"""What became of a message that was handed over, noted in one short transaction each."""

from __future__ import annotations

import random
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from crm.outbox import rules
from crm.outbox.channels import Accepted, Outcome, Refused
from crm.outbox.models import OutboundMessage, Suppression
from crm.outbox.sending.claim import Claim, abandoned, crash
from crm.outbox.sending.letters import note
from crm.timeline.actions import Fact, record

State = OutboundMessage.State


@transaction.atomic
def mark(claim: Claim, outcome: Outcome, moment: datetime) -> None:
    """Write down what the channel said, if the message is still ours.

    A sender that was so slow that its message was taken for uncertain knows better, and says so.
    """
    rows = OutboundMessage.objects.select_for_update(of=("self",)).select_related("contact")
    leaving = rows.filter(pk=claim.message_id, attempts=claim.attempts, state__in=[State.SENDING, State.UNCERTAIN])
    if (message := leaving.first()) is None:
        return
    if isinstance(outcome, Accepted):
        _sent(message, outcome, moment)
    elif isinstance(outcome, Refused):
        _refused(message, outcome, moment)
    else:
        doubt(message, outcome.reason, moment)
    crash("before_mark")


def _sent(message: OutboundMessage, outcome: Accepted, moment: datetime) -> None:
    message.provider_id = outcome.provider_id[:200]
    if message.is_secret:
        message.facts = {}  # a way to sign in has done its work
    settle(message, State.SENT, moment, f"Taken for {message.to_address}.")
    tell(message, "email.sent", f"Sent “{message.rendered_subject}”", moment)


def _refused(message: OutboundMessage, outcome: Refused, moment: datetime) -> None:
    if outcome.bounced and message.to_address:
        Suppression.objects.bulk_create(
            [Suppression(address=message.to_address.lower(), reason=outcome.reason[:200], created_at=moment)],
            ignore_conflicts=True,
        )
    if not outcome.temporary:
        settle(message, State.FAILED, moment, outcome.reason)
        return
    if outcome.unreachable:
        message.attempts_limit += 1  # nobody was there to refuse it
    if message.attempts >= message.attempts_limit:
        settle(message, State.FAILED, moment, f"Given up after {rules.MAX_ATTEMPTS} attempts. {outcome.reason}")
        return
    tried = rules.MAX_ATTEMPTS - (message.attempts_limit - message.attempts)
    message.due_at = moment + rules.backoff(max(tried, 1), random.random())
    message.state, message.lease_until, message.sending_at, message.guard = State.DUE, None, None, "retry"
    message.reason = outcome.reason[:300]
    message.save()
    note(message, "retry", moment, "", outcome.reason, {"until": message.due_at, "attempt": message.attempts})


def settle(
    message: OutboundMessage, state: str, moment: datetime, reason: str, *, by_id: int | None = None, verdict: str = ""
) -> None:
    """Bring a message to its end, with the decision kept. The row is locked by the caller."""
    message.state, message.settled_at, message.lease_until, message.reason = state, moment, None, reason[:300]
    message.guard = ""
    message.save(update_fields=["state", "settled_at", "lease_until", "reason", "guard", "provider_id", "facts"])
    note(message, verdict or state, moment, "", reason, {}, by_id)


def doubt(message: OutboundMessage, reason: str, moment: datetime) -> None:
    """Nobody knows whether it left: from here only a person can go on. Does nothing twice."""
    if message.state == State.UNCERTAIN:
        return
    message.state, message.lease_until, message.reason = State.UNCERTAIN, None, reason[:300]
    message.save()
    note(message, State.UNCERTAIN, moment, "", reason, {})
    tell(message, "email.uncertain", f"“{message.rendered_subject}” may or may not have been sent", moment)


def tell(message: OutboundMessage, kind: str, text: str, moment: datetime) -> None:
    """Put it on the contact's timeline; mail to one of ours is on none."""
    if message.contact is None:
        return
    account_id = message.account_id or message.contact.account_id
    payload = {"why_url": reverse("outbox:detail", args=[message.pk]), "message": message.pk,
               "category": message.category}  # fmt: skip
    record(
        Fact(account_id, kind, text, moment, contact_id=message.contact_id, channel="email", payload=payload,
             key=f"{kind}:{message.pk}:{message.attempts}"),
        now=moment,
    )  # fmt: skip


@transaction.atomic
def reconcile(moment: datetime) -> int:
    """Messages whose sender died while it handed them over are uncertain: they must not be sent again by themselves."""
    found = abandoned(moment)
    for message in found:
        doubt(message, "The sender died while it handed the message over; it may or may not have left.", moment)
    return len(found)
