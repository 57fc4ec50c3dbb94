"""Which messages this sender takes, and how those come back that it did not try."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from crm.outbox.models import MailPolicy, Sender, Slice, Switch

#: A sender that has not finished with a message by then is taken for dead, even if its database session lives on.
LEASE = timedelta(seconds=60)
BATCH = 50


class Claim(NamedTuple):
    """A message that is ours while its `attempts` are what they were when we took it."""

    message_id: int
    attempts: int


class Taken(NamedTuple):
    """The messages of one claim, the longest due first, and the row that tells whose they are."""

    slice_id: int
    claims: list[Claim]
    suspect: bool  # it is one message, of which senders may have died before


# Switches that were thrown keep their messages from being taken at all, so that nothing is taken and put back for ever.
_CLAIM = """
    WITH planned AS MATERIALIZED (
        SELECT id FROM crm_outboundmessage m
        WHERE state = 'due' AND due_at <= %(now)s AND {whom}
            AND (NOT %(switched)s OR NOT EXISTS (
                SELECT 1 FROM crm_switch s LEFT JOIN crm_sender f ON f.id = m.sender_id
                WHERE s.scope IN ('channel:' || m.channel, 'contact:' || m.contact_id,
                    'sender:' || coalesce(f.name, %(default)s))))
        ORDER BY due_at, id LIMIT %(batch)s FOR UPDATE OF m SKIP LOCKED
    ), taken AS (
        UPDATE crm_outboundmessage SET state = 'claimed', attempts = attempts + 1, lease_until = %(until)s
        WHERE id IN (SELECT id FROM planned)
        RETURNING due_at, id, attempts
    ), slice AS (
        INSERT INTO crm_slice (message_ids, attempts, backend_pid, backend_start, lease_until, cleared)
        SELECT ids, attempts, pid, backend_start, %(until)s, false
        FROM (SELECT array_agg(id) AS ids, array_agg(attempts) AS attempts FROM taken HAVING count(*) > 0) AS all_of_it
            CROSS JOIN pg_stat_get_activity(pg_backend_pid())
        RETURNING id
    )
    SELECT slice.id, taken.id, taken.attempts FROM slice CROSS JOIN taken ORDER BY due_at, taken.id
"""


def may_send(policy: MailPolicy, switches: set[str]) -> bool:
    """Whether anything may leave at all: mail is not on hold, not stopped, and there is a way out."""
    return bool(settings.EMAIL_URL) and policy.mode != MailPolicy.Mode.HOLD and "all" not in switches


def claim(now: datetime, *, suspect: bool = False) -> Taken | None:
    """Take up to a batch of due messages and commit at once; or one `suspect`, alone. None if there is nothing.

    Nothing is taken while somebody holds the gate closed: nothing could be cleared then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        policy = MailPolicy.shared()
        switches = set(Switch.objects.values_list("scope", flat=True))
        if policy is None or not may_send(policy, switches):
            return None
        cursor.execute(
            _CLAIM.format(whom="suspect" if suspect else "NOT suspect"),
            {"now": now, "until": now + LEASE, "batch": 1 if suspect else BATCH, "switched": bool(switches),
             "default": Sender.DEFAULT},
        )  # fmt: skip
        rows = cursor.fetchall()
    return Taken(rows[0][0], [Claim(pk, attempts) for _, pk, attempts in rows], suspect) if rows else None


# A claim that somebody else has taken over meanwhile is not ours to put back.
_PUT_BACK = """
    UPDATE crm_outboundmessage m SET state = 'due', lease_until = NULL, suspect = suspect OR %(suspect)s,
        attempts_limit = attempts_limit + CASE WHEN %(counts)s THEN 0 ELSE 1 END,
        due_at = coalesce(%(until)s, due_at),
        guard = CASE WHEN %(reason)s = '' THEN guard ELSE 'retry' END,
        reason = CASE WHEN %(reason)s = '' THEN reason ELSE %(reason)s END
    FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS mine (id, attempts)
    WHERE m.id = mine.id AND m.attempts = mine.attempts AND m.state = 'claimed'
"""


def put_back(
    claims: Sequence[Claim], until: datetime | None = None, reason: str = "", *, counts: bool = False,
    suspect: bool = False,
) -> None:  # fmt: skip
    """Messages that were taken and did not leave wait on. The attempt is given back unless it `counts`.

    `suspect`: one of them may be what failed; each is then taken alone.
    """
    if not claims:
        return
    ids, attempts = [mine.message_id for mine in claims], [mine.attempts for mine in claims]
    values = {"ids": ids, "attempts": attempts, "until": until, "reason": reason[:300], "counts": counts,
              "suspect": suspect}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, values)


def release(taken: Taken) -> None:
    """The slice is done with: nobody need look after its messages any more."""
    Slice.objects.filter(pk=taken.slice_id).delete()


def crash(point: str) -> None:
    """Die here if a test of ours says so: after_claim, before_call, after_call, before_mark or after_commit."""
    if settings.HOLDFAST_TESTING and os.environ.get("HOLDFAST_CRASH_AT") == point:
        os._exit(137)
