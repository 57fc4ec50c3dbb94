"""Addresses that get nothing any more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from crm.outbox.models import Suppression

# Senders hold the reader's row while a letter goes to `sending`, or the turn of an address that they were given: after
# the commit nothing leaves for the address.
_SUPPRESS = """
    SELECT FROM crm_contact WHERE email = %(address)s FOR NO KEY UPDATE;
    SELECT FROM crm_user WHERE email = %(address)s FOR NO KEY UPDATE;
    SELECT pg_advisory_xact_lock(hashtextextended(%(turn)s, 0));
    INSERT INTO crm_suppression (address, reason, created_at) VALUES (%(address)s, %(reason)s, %(now)s)
    ON CONFLICT (address) DO NOTHING
"""


def suppress(address: str, reason: str, now: datetime) -> None:
    """Nothing leaves for this address after the caller's commit. A reason that is known already stays."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"address": address.lower(), "reason": reason[:200], "now": now}
        values["turn"] = turn_of(address)
        cursor.execute(_SUPPRESS, values)


def turn_of(address: str) -> str:
    """The name of the lock that stands for an address: shared by whoever sends to it."""
    return f"address:{address.lower()}"


def heard_again(name: str) -> bool:
    """Whoever writes from there can be written to again. `name` as `OutboundMessage.reached_as` says it."""
    return bool(Suppression.objects.filter(address=name.lower()).delete()[0])
