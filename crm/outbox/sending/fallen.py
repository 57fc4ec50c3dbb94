"""What becomes of the messages of a sender that died: nothing is lost, nothing leaves twice, nobody pays for another.

A claim names its database session, so a dead sender is noticed at the next bell; its lease is for the one that lives
on but does nothing, and for a session that outlives its sender behind a pooler. A role that may not see another's
sessions takes all its senders for dead, so workers share one role, or have pg_read_all_stats. A sender that was taken
for dead too early does no harm: its claims are fenced by `attempts`, and what is brought back too often only starts
again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from crm.outbox import rules
from crm.outbox.channels import chats
from crm.outbox.models import OutboundMessage
from crm.outbox.sending.mark import doubt, once_more
from crm.outbox.sending.returning import DIED, Because, Claim, come_back

_DIED = "The sender died while it handed the message over; it may or may not have left."

# What had been cleared and waited for its turn has nothing to do with the sender's death, and nothing that was in hand
# has to do with the database's.
_FALLEN = """
    DELETE FROM crm_slice WHERE id IN (
        SELECT id FROM crm_slice s WHERE lease_until <= %(now)s OR NOT EXISTS (
            SELECT 1 FROM pg_stat_get_activity(s.backend_pid) a WHERE a.backend_start = s.backend_start)
        FOR UPDATE SKIP LOCKED)
    RETURNING message_ids, attempts, cleared OR backend_start < pg_postmaster_start_time()
"""

# Claims that no slice names were held by somebody else when the others of their slice came back.
_STRAY = """
    SELECT id, attempts FROM crm_outboundmessage WHERE state = 'claimed' AND lease_until <= %(now)s
    ORDER BY lease_until LIMIT 500
"""


@transaction.atomic
def reconcile(moment: datetime, idempotent_for: timedelta | None = None) -> int:
    """Bring back what dead senders held. What they were handing over is uncertain, and is not sent again by itself.

    Unless the way out recognises a message that it has taken (see `Channel.idempotent_for`): then it goes once more.
    Returns how many messages were being handed over.
    """
    held: list[Claim] = []
    with connection.cursor() as cursor:
        cursor.execute(_FALLEN, {"now": moment})
        for ids, attempts, innocent in cursor.fetchall():
            claims = [Claim(*pair) for pair in zip(ids, attempts, strict=True)]
            if innocent:
                come_back(claims, Because.UNTRIED)
            else:
                come_back(claims, Because.CLEARING, moment + rules.backoff(1, 0), DIED)
            held += claims
        cursor.execute(_STRAY, {"now": moment})
        come_back([Claim(*row) for row in cursor.fetchall()], Because.UNTRIED)
    found = _leaving(held, moment)
    for message in found:
        known_for = idempotent_for if message.is_mail else chats.idempotent_for(message.channel)
        if not once_more(message, known_for, _DIED, moment):
            doubt(message, _DIED, moment)
    return len(found)


def _leaving(held: list[Claim], moment: datetime) -> list[OutboundMessage]:
    """Messages that were being handed over by senders that are gone, locked."""
    rows = OutboundMessage.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    rows = rows.prefetch_related("contact").filter(state="sending")
    late = rows.filter(lease_until__lte=moment).order_by("id")[:500]
    fenced = dict(held)
    gone = [m for m in rows.filter(pk__in=fenced).order_by("id") if m.attempts == fenced[m.pk]] if fenced else []
    return list({message.pk: message for message in [*late, *gone]}.values())
