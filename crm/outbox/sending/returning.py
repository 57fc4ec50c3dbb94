"""How messages come back that were taken and did not leave, and who pays for it: the one home of that rule.

A message has so many attempts. The claim counts each; here, and nowhere else, it is given back when the attempt was
not the message's own. A message is a suspect when clearing failed while it was there, so that it may be what it failed
over; from then on it is taken alone, and pays when clearing fails again. What passes the clearing is none any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection

from crm.outbox.models import OutboundMessage
from crm.outbox.rules import MAX_ATTEMPTS

#: The guard noted for a message that failed because each sender that took it died, or broke over it.
DEADLY = "deadly"

#: Noted for what a sender held that died before it had cleared it.
DIED = "the sender died before it was done."

#: What a database says when it has no time, not when a message is at fault: locks, time-outs, deadlocks, clashes of
#: transactions, lost connections.
NOBODYS_FAULT = (OperationalError, InterfaceError)

#: So much later what somebody else holds is looked at again.
SOON = timedelta(seconds=5)


class Claim(NamedTuple):
    """A message that is ours while its `attempts` are what they were when we took it."""

    message_id: int
    attempts: int


class Because(Enum):
    """Why messages come back."""

    UNTRIED = "untried"  # not tried, or kept back by somebody else, or by the database: nobody pays
    CLEARING = "clearing"  # clearing failed over one of them: who was a suspect pays, the others become suspects
    ITSELF = "itself"  # handing it over failed: it pays


_PAYS = "(%(because)s = 'itself' OR (%(because)s = 'clearing' AND suspect))"

# A claim that somebody else has taken over meanwhile is not ours to bring back. A row that somebody holds stays claimed
# until its lease is over: waiting for it would keep all the others.
_COME_BACK = f"""
    UPDATE crm_outboundmessage SET state = 'due', lease_until = NULL,
        suspect = suspect OR %(because)s = 'clearing',
        attempts_limit = attempts_limit + CASE WHEN {_PAYS} THEN 0 ELSE 1 END,
        due_at = CASE WHEN {_PAYS} OR %(because)s = 'untried' THEN coalesce(%(until)s, due_at) ELSE due_at END,
        guard = CASE WHEN %(reason)s = '' THEN guard WHEN {_PAYS} THEN '{DEADLY}' ELSE 'retry' END,
        reason = CASE WHEN %(reason)s = '' THEN reason ELSE %(reason)s END
    WHERE id IN (
        SELECT m.id FROM crm_outboundmessage m
        JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS mine (id, attempts)
            ON m.id = mine.id AND m.attempts = mine.attempts
        WHERE m.state = 'claimed' ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED)
"""  # noqa: S608  (SQL of ours)


def come_back(claims: Sequence[Claim], because: Because, until: datetime | None = None, reason: str = "") -> None:
    """Messages that were taken and did not leave wait on; those that were tried, or could not be, until `until`.

    A blank reason leaves what was noted before.
    """
    if not claims:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _COME_BACK,
            {"ids": [mine.message_id for mine in claims], "attempts": [mine.attempts for mine in claims],
             "because": because.value, "until": until, "reason": reason[:300]},
        )  # fmt: skip


def reconnect() -> None:
    """After one of NOBODYS_FAULT: if it was the connection that is lost, the next statement makes another."""
    if not connection.in_atomic_block and connection.connection is not None and not connection.is_usable():
        connection.close()


def tried(message: OutboundMessage) -> int:
    """Which of its attempts this is, as far as they were its own."""
    return MAX_ATTEMPTS - (message.attempts_limit - message.attempts)


def unpaid(message: OutboundMessage) -> None:
    """The attempt was not its own, as nobody was there to take it. The caller saves."""
    message.attempts_limit += 1
