"""Addresses that get nothing any more."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

# Senders hold the reader's row while a letter goes to `sending`: after the commit nothing leaves for the address.
_SUPPRESS = """
    SELECT FROM crm_contact WHERE email = %(address)s FOR NO KEY UPDATE;
    SELECT FROM crm_user WHERE email = %(address)s FOR NO KEY UPDATE;
    INSERT INTO crm_suppression (address, reason, created_at) VALUES (%(address)s, %(reason)s, %(now)s)
    ON CONFLICT (address) DO NOTHING
"""


def suppress(address: str, reason: str, now: datetime) -> None:
    """Nothing leaves for this address after the caller's commit. A reason that is known already stays."""
    with connection.cursor() as cursor:
        cursor.execute(_SUPPRESS, {"address": address.lower(), "reason": reason[:200], "now": now})
