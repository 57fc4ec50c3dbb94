"""Webhooks of Stripe: checked, stored, answered; then read by a worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from crm.billing import secrets
from crm.billing.actions.taking import take_all
from crm.billing.stripe import events
from crm.billing.stripe.proof import Forged, proven
from crm.billing.told import STRIPE
from crm.inbox import actions as inbox
from crm.inbox.channels.chat import thing, words
from crm.slots import Arrived, Handled

KIND = "stripe.event"
#: Bytes of one event: those that Stripe sends have far less.
MOST_BYTES = 1024 * 1024

__all__ = ["KIND", "MOST_BYTES", "Forged", "is_open", "store", "unpack"]


def is_open(now: datetime) -> bool:
    """Whether somebody has given a secret: without one anybody could say anything."""
    return bool(secrets.stripe_signing(now))


def store(body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Store an event, once for its id. Raises Forged, with nothing stored."""
    proven(secrets.stripe_signing(now), headers.get("Stripe-Signature", ""), body, now)
    try:
        key = words(thing(json.loads(body)).get("id"), 120)
    except ValueError:
        key = ""
    inbox.store(STRIPE, KIND, f"event:{key or hashlib.sha256(body).hexdigest()}", body, {}, now)


def unpack(arrived: Arrived, now: datetime) -> Handled:
    """What the event says becomes part of what is known of its objects, and the ledger follows."""
    event = thing(json.loads(arrived.body))
    told = events.facts(event, now)
    kind = words(event.get("type"), 80)
    if not told:
        return Handled(f"{kind or 'This'} is nothing to us.", ignored=True)
    outcomes = take_all(told, now)
    emails = sorted({one.whose.email for one in told if one.whose and one.whose.email})
    return Handled(f"{kind}: {'; '.join(dict.fromkeys(outcomes))}", addresses=emails)
