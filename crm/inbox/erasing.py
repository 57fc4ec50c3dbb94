"""A person leaves the inbox: whatever raw payload names them is emptied."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from crm.slots import Person

#: Why it says nothing any more.
ERASED = "It named a person who was erased on request."

# Those that were handled are known by their addresses; what still waits is looked through, as nobody has read it yet.
# Each is found by an index of its own: of the many that are done with no other is read.
_EMPTY = """
    WITH named AS (
        SELECT id FROM crm_inboundpayload WHERE raw_kept AND addresses && %(addresses)s
        UNION
        SELECT id FROM crm_inboundpayload p WHERE raw_kept AND (state = 'new' OR state = 'failed') AND EXISTS (
            SELECT FROM unnest(%(words)s::text[]) AS word
            WHERE position(convert_to(word, 'UTF8') IN p.body) > 0
                OR position(lower(word) IN lower(p.headers::text)) > 0)
    ), found AS (
        SELECT id FROM crm_inboundpayload WHERE id IN (SELECT id FROM named) ORDER BY id FOR UPDATE)
    UPDATE crm_inboundpayload p SET body = '', headers = '{}', raw_kept = false, addresses = '{}', error = '',
        state = CASE WHEN handled_at IS NULL THEN 'ignored' ELSE state END, note = %(why)s,
        handled_at = coalesce(handled_at, %(now)s)
    FROM found WHERE p.id = found.id
"""


def forget_in_payloads(person: Person, now: datetime) -> None:
    """Also what had not been handled yet: it is not handled any more."""
    # Addresses, numbers and handles are among them; nobody's name is one.
    addresses = [word.lower() for word in person.words]
    # As it may be written: mail says addresses in any case, and names as they are.
    words = [*person.words, *(word for word in addresses if "@" in word)]
    values: dict[str, Any] = {"addresses": addresses, "words": words, "why": ERASED, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY, values)
