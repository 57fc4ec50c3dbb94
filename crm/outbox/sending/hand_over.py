"""The step to `sending`: one round trip that locks what a letter depends on, asks whether it stands, and commits.

It waits for nobody. So what was judged just before is still so, and whoever closes the gate need not wait for long.
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import cache
from typing import Any

from django.db import DataError, OperationalError, connection
from psycopg.errors import DivisionByZero, InvalidArgumentForLogarithm, LockNotAvailable
from psycopg.types.json import Jsonb

from crm.outbox.models import GATE, Suppression
from crm.outbox.sending.claim import LEASE
from crm.outbox.sending.clear import GateClosed
from crm.outbox.sending.decisions import as_json
from crm.outbox.sending.guards import TIMELY
from crm.outbox.sending.known import CAREFUL
from crm.outbox.sending.letters import COPIES, Letter, since
from crm.outbox.suppressing import turn_of
from crm.web.planned import Planned, planned

#: Seconds after the end of its clearing for which a letter may leave; then it is looked at again. What other rooms said
#: through their guards is hardly older. Real seconds, as it is work that takes them: on a clock that runs faster, or
#: while clearing is slow, something of each clearing leaves all the same.
FRESH = 2.0

# Each lock is a statement of its own, in the order in which clearing locks: the last one's snapshot is then younger
# than all that was committed before they were had. Sent together they are one transaction and one journey; a lock that
# is not to be had breaks it off, for which advisory ones have no words of their own: the gate's divides by zero, and
# that of an address, whose reader's row says nothing of it, takes the logarithm of zero.
_LOCKS = (
    f"SELECT 1 / pg_try_advisory_xact_lock_shared({GATE})::integer",
    "SELECT FROM crm_mailpolicy WHERE id = 1 FOR SHARE NOWAIT",
    "SELECT FROM crm_outboundmessage WHERE id = %(message)s FOR NO KEY UPDATE NOWAIT",
)
_READER = "SELECT FROM {reader} WHERE id = %(reader)s FOR NO KEY UPDATE NOWAIT"
_ADDRESS = "SELECT ln(pg_try_advisory_xact_lock_shared(hashtextextended(%(turn)s, 0))::integer)"

_LEAVE = """
    WITH leaving AS (
        UPDATE crm_outboundmessage SET state = 'sending', sending_at = %(at)s, lease_until = %(until)s,
            contact_id = %(contact)s, to_address = %(to)s, message_id = %(message_id)s, rendered_subject = %(subject)s,
            rendered_body = %(body)s, guard = '', reason = '', suspect = false
        WHERE id = %(message)s AND state = 'claimed' AND attempts = %(attempts)s AND lease_until > %(at)s
            AND EXISTS (SELECT FROM crm_mailpolicy WHERE id = 1 AND xmin::text = %(policy)s)
            {stands}
            AND NOT EXISTS (SELECT FROM crm_suppression WHERE address = ANY(%(addresses)s))
            {cap}
        RETURNING id
    )
    INSERT INTO crm_decision (message_id, at, verdict, guard, reason, facts)
    SELECT id, %(at)s, 'sending', '', %(reason)s, %(facts)s::jsonb FROM leaving RETURNING message_id
"""

_STANDS = "AND EXISTS (SELECT FROM {reader} WHERE id = %(reader)s AND xmin::text = %(version)s)"
# The house's cap, and the one that the reader chose.
_CAPS = [
    f"AND %({cap})s > (SELECT count(*) FROM ({COPIES.format(since=since)}) AS got WHERE id <> %(own)s)"  # noqa: S608
    for cap, since in (("cap_0", "since_0"), ("cap_1", "since_1"))
]


class Held(Exception):
    """Somebody else works on the message or its reader: it can neither leave nor be waited for now."""


def hand_over(letter: Letter, moment: datetime) -> bool:
    """Commit `sending` if all that the clearing saw still stands; False: it must be cleared again, or is not ours.

    Must be called outside of any transaction. Raises GateClosed or Held rather than wait.
    """
    if not _timely(letter, moment):
        return False
    addressed = bool(letter.message.addressed_to)
    reader = "crm_contact" if letter.contact else "crm_user" if letter.user or not addressed else ""
    statements = _statements(reader, addressed=addressed, caps=len(letter.caps) if letter.capped else 0)
    with connection.cursor() as cursor:
        calls = " ".join([statement.call(cursor) for statement in statements])
        try:
            cursor.execute(calls, _values(letter, moment))
        except (OperationalError, DataError) as error:
            raise _told(error) from error
        while cursor.nextset():
            pass
        left = cursor.fetchone() is not None
    if left:
        letter.message.sending_at = moment
    return left


@cache
def _statements(reader: str, *, addressed: bool, caps: int) -> list[Planned]:
    """To be sent as one, in this order. `reader` is the table of whoever reads it; blank: nobody on record."""
    locks = [*_LOCKS, *([_READER] if reader else []), *([_ADDRESS] if addressed else [])]
    leave = _LEAVE.format(stands=_STANDS if reader else "", cap=" ".join(_CAPS[:caps]))
    return [planned(each.format(reader=reader)) for each in (*locks, leave)]


def _told(error: Exception) -> Exception:
    cause = error.__cause__
    if isinstance(cause, DivisionByZero) or (isinstance(cause, LockNotAvailable) and "crm_mailpolicy" in str(cause)):
        return GateClosed()
    return Held() if isinstance(cause, (LockNotAvailable, InvalidArgumentForLogarithm)) else error


def _timely(letter: Letter, moment: datetime) -> bool:
    """Whether the clearing is fresh, and neither the night nor the last moment has come since."""
    if moment < letter.moment or time.monotonic() - letter.cleared_at > FRESH:
        return False
    if moment == letter.moment:
        return True
    known = letter.known(moment)
    return all(guard(known) is None for guard in TIMELY)


def _values(letter: Letter, moment: datetime) -> dict[str, Any]:
    message, policy = letter.message, letter.policy
    values: dict[str, Any] = {
        "message": message.pk, "attempts": message.attempts, "at": moment, "until": moment + LEASE,
        "reader": letter.reader and letter.reader.pk, "contact": message.contact_id, "to": message.to_address,
        "message_id": message.message_id, "subject": message.rendered_subject, "body": message.rendered_body,
        "policy": policy.version, "version": letter.version, "addresses": Suppression.keys(letter.reached_as),
        "turn": turn_of(letter.reached_as),
        "reason": f"Nothing held it back; handed over for {message.to_address}."[:300],
        "facts": Jsonb(as_json(letter.seen | letter.kept())),
    }  # fmt: skip
    if letter.capped:
        values |= {
            "careful": list(CAREFUL), "contacts": [message.contact_id],
            "own": message.pk if message.resend_until else 0,
        }  # fmt: skip
        for place, (count, days) in enumerate(letter.caps):
            values |= {f"cap_{place}": count, f"since_{place}": since(days, moment)}
    return values
