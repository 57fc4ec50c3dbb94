"""Which messages this sender takes."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from crm.outbox.channels import chats
from crm.outbox.models import MailPolicy, OutboundMessage, Slice, Switch
from crm.outbox.sending.returning import Claim
from crm.outbox.stopping import COVERED, covering

#: A sender that has not finished with a message by then is taken for dead, even if its database session lives on.
LEASE = timedelta(seconds=60)
BATCH = 50


class Taken(NamedTuple):
    """The messages of one claim, the most urgent first, and the row that tells whose they are."""

    slice_id: int
    claims: list[Claim]
    suspect: bool  # it is one message, over which clearing may have failed before


# Each urgency is looked up by itself, the lowest first and no further than is needed: else what is planned for later
# would have to be read to pass it over. Pairs are compared and sorted by: with `urgency = …` the planner may take the
# index on due_at, and go through all that is due for each urgency that has nothing. Switches that were thrown keep
# their messages from being taken at all, so that nothing is taken and put back for ever.
_CLAIM = """
    WITH planned AS MATERIALIZED (
        SELECT found.id FROM generate_series(0, 4) AS wanted (urgency) CROSS JOIN LATERAL (
            SELECT id FROM crm_outboundmessage m
            WHERE state = 'due' AND {channel} AND {whom} AND NOT {covered} {only}
                AND (m.urgency, due_at) BETWEEN (wanted.urgency, '-infinity') AND (wanted.urgency, %(now)s)
            ORDER BY m.urgency, due_at, id LIMIT %(batch)s FOR NO KEY UPDATE OF m SKIP LOCKED
        ) AS found LIMIT %(batch)s
    ), taken AS (
        UPDATE crm_outboundmessage SET state = 'claimed', attempts = attempts + 1, lease_until = %(until)s
        WHERE id IN (SELECT id FROM planned)
        RETURNING urgency, due_at, id, attempts
    ), slice AS (
        INSERT INTO crm_slice (message_ids, attempts, backend_pid, backend_start, lease_until, cleared)
        SELECT ids, attempts, pid, backend_start, %(until)s, false
        FROM (SELECT array_agg(id) AS ids, array_agg(attempts) AS attempts FROM taken HAVING count(*) > 0) AS all_of_it
            CROSS JOIN pg_stat_get_activity(pg_backend_pid())
        RETURNING id
    )
    SELECT slice.id, taken.id, taken.attempts FROM slice CROSS JOIN taken ORDER BY urgency, due_at, taken.id
"""


# A chat is named beside “no mail”, as the index of what is due among the few chats has it.
_CHANNELS = {True: "m.channel = 'email'", False: "m.channel <> 'email' AND m.channel = %(channel)s"}


def may_send(policy: MailPolicy, switches: set[str], channel: str = OutboundMessage.MAIL) -> bool:
    """Whether anything may leave there at all: nothing is on hold, not all is stopped, and there is a way out.

    What is redirected while things are tried out goes to an address of mail, so that no chat leaves.
    """
    if channel != OutboundMessage.MAIL:
        return channel not in chats.closed(policy.mode) and not switches & {"all", f"channel:{channel}"}
    return policy.mode != MailPolicy.Mode.HOLD and _open(switches)


def may_test(policy: MailPolicy, switches: set[str], channel: str = OutboundMessage.MAIL) -> bool:
    """Whether it is a hold alone that keeps mail here: what one of ours writes to themselves to try it leaves then."""
    return channel == OutboundMessage.MAIL and policy.mode == MailPolicy.Mode.HOLD and _open(switches)


def _open(switches: set[str]) -> bool:
    return bool(settings.EMAIL_URL) and "all" not in switches


def claim(now: datetime, *, suspect: bool = False, channel: str = OutboundMessage.MAIL) -> Taken | None:
    """Take up to a batch of due messages of a channel and commit at once; or one `suspect`, alone. None if there is
    nothing.

    Nothing is taken while somebody holds the gate closed: nothing could be cleared then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        policy = MailPolicy.shared()
        switches = set(Switch.objects.values_list("scope", flat=True))
        if policy is None:
            return None
        everything = may_send(policy, switches, channel)
        tests = [] if everything or not may_test(policy, switches, channel) else _tests(now)
        if not (everything or tests):
            return None
        which = _CHANNELS[channel == OutboundMessage.MAIL]
        cursor.execute(
            _CLAIM.format(
                whom="suspect" if suspect else "NOT suspect",
                covered=COVERED,
                channel=which,
                only="" if everything else "AND m.id = ANY(%(trials)s)",
            ),
            {
                "channel": channel,
                "trials": tests,
                "now": now,
                "until": now + LEASE,
                "batch": 1 if suspect else BATCH,
                **covering(switches),
            },
        )
        rows = cursor.fetchall()
    return Taken(rows[0][0], [Claim(pk, attempts) for _, pk, attempts in rows], suspect) if rows else None


def _tests(now: datetime) -> list[int]:
    """Found by their origin, of which there are few, and not among all that a hold keeps."""
    due = OutboundMessage.objects.tests().filter(state=OutboundMessage.State.DUE, due_at__lte=now)
    return list(due.values_list("pk", flat=True)[:BATCH])


def release(taken: Taken) -> None:
    """The slice is done with: nobody need look after its messages any more."""
    Slice.objects.filter(pk=taken.slice_id).delete()


def crash(point: str) -> None:
    """Die here if a test of ours says so: after_claim, before_call, after_call, before_mark or after_commit."""
    if settings.HOLDFAST_TESTING and os.environ.get("HOLDFAST_CRASH_AT") == point:
        os._exit(137)
