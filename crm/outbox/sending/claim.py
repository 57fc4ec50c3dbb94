"""Which messages this sender takes, and what becomes of those whose sender died."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from crm.outbox.models import MailPolicy, OutboundMessage, Sender, Switch

#: A sender that has not finished with a message by then is taken for dead.
LEASE = timedelta(seconds=60)
BATCH = 50


class Claim(NamedTuple):
    """A message that is ours while its `attempts` are what they were when we took it."""

    message_id: int
    attempts: int


# Switches that were thrown keep their messages from being taken at all, so that nothing is taken and put back for ever.
_CLAIM = """
    WITH orphaned AS MATERIALIZED (
        SELECT id FROM crm_outboundmessage
        WHERE state = 'claimed' AND lease_until <= %(now)s
        ORDER BY lease_until LIMIT %(batch)s FOR UPDATE SKIP LOCKED
    ), planned AS MATERIALIZED (
        SELECT id FROM crm_outboundmessage m
        WHERE state = 'due' AND due_at <= %(now)s
            AND (NOT %(switched)s OR NOT EXISTS (
                SELECT 1 FROM crm_switch s LEFT JOIN crm_sender f ON f.id = m.sender_id
                WHERE s.scope IN ('channel:' || m.channel, 'contact:' || m.contact_id,
                    'sender:' || coalesce(f.name, %(default)s))))
        ORDER BY due_at, id LIMIT %(batch)s - (SELECT count(*) FROM orphaned) FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE crm_outboundmessage SET state = 'claimed', attempts = attempts + 1, lease_until = %(until)s
    WHERE id IN (SELECT id FROM orphaned UNION ALL SELECT id FROM planned)
    RETURNING due_at, id, attempts
"""


def may_send(policy: MailPolicy, switches: set[str]) -> bool:
    """Whether anything may leave at all: mail is not on hold, not stopped, and there is a way out."""
    return bool(settings.EMAIL_URL) and policy.mode != MailPolicy.Mode.HOLD and "all" not in switches


def claim(now: datetime) -> list[Claim]:
    """Take up to a batch of due messages, the longest due first, and commit at once.

    Nothing is taken while somebody holds the gate closed: nothing could be decided then, and each would lose a try.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        policy = MailPolicy.shared()
        switches = set(Switch.objects.values_list("scope", flat=True))
        if policy is None or not may_send(policy, switches):
            return []
        cursor.execute(
            _CLAIM,
            {"now": now, "until": now + LEASE, "batch": BATCH, "switched": bool(switches), "default": Sender.DEFAULT},
        )
        rows = sorted(cursor.fetchall())
    return [Claim(pk, attempts) for _, pk, attempts in rows]


# A claim that somebody else has taken over meanwhile is not ours to put back.
_PUT_BACK = """
    UPDATE crm_outboundmessage m SET state = 'due', lease_until = NULL, attempts_limit = attempts_limit + 1,
        due_at = coalesce(%(until)s, due_at),
        guard = CASE WHEN %(reason)s = '' THEN guard ELSE 'retry' END,
        reason = CASE WHEN %(reason)s = '' THEN reason ELSE %(reason)s END
    FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS mine (id, attempts)
    WHERE m.id = mine.id AND m.attempts = mine.attempts AND m.state = 'claimed'
"""


def put_back(claims: Sequence[Claim], until: datetime | None = None, reason: str = "") -> None:
    """Messages that were taken and not tried: each gets back the attempt it was taken for, and waits."""
    if not claims:
        return
    ids, attempts = [mine.message_id for mine in claims], [mine.attempts for mine in claims]
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, {"ids": ids, "attempts": attempts, "until": until, "reason": reason})


def abandoned(now: datetime) -> list[OutboundMessage]:
    """Messages whose sender died while handing them over, locked in the caller's transaction."""
    leaving = OutboundMessage.objects.select_for_update(skip_locked=True, of=("self",))
    return list(leaving.filter(state="sending", lease_until__lte=now).order_by("lease_until")[:BATCH])


def crash(point: str) -> None:
    """Die here if a test of ours says so: after_claim, before_call, after_call, before_mark or after_commit."""
    if settings.HOLDFAST_TESTING and os.environ.get("HOLDFAST_CRASH_AT") == point:
        os._exit(137)
