"""What becomes of the messages of a sender that died: nothing is lost, nothing leaves twice, nobody pays for another.

A claim names its database session, so a dead sender is noticed at the next bell; its lease is for the one that lives
on but does nothing, and for a session that outlives its sender behind a pooler. A sender that was taken for dead too
early does no harm: its claims are fenced by `attempts`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from crm.outbox import rules
from crm.outbox.models import OutboundMessage
from crm.outbox.sending.mark import doubt, once_more

_DIED = "The sender died while it handed the message over; it may or may not have left."

_FALLEN = """
    DELETE FROM crm_slice WHERE id IN (
        SELECT id FROM crm_slice s WHERE lease_until <= %(now)s OR NOT EXISTS (
            SELECT 1 FROM pg_stat_get_activity(s.backend_pid) a WHERE a.backend_start = s.backend_start)
        FOR UPDATE SKIP LOCKED)
    RETURNING message_ids, attempts, cleared
"""

# One of those that were being cleared may be what the sender died of: they are suspects, and each is taken alone from
# now on. A suspect that is there when another sender dies has had its try. What had been cleared and waited for its
# turn has nothing to do with it.
_COME_BACK = """
    UPDATE crm_outboundmessage m SET state = 'due', lease_until = NULL,
        suspect = suspect OR NOT %(cleared)s,
        attempts_limit = attempts_limit + CASE WHEN suspect AND NOT %(cleared)s THEN 0 ELSE 1 END,
        due_at = CASE WHEN suspect AND NOT %(cleared)s THEN %(again)s ELSE due_at END
    FROM unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS held (id, attempts)
    WHERE m.id = held.id AND m.attempts = held.attempts AND m.state = 'claimed'
"""

# Claims that no slice names are nobody's.
_STRAY = """
    UPDATE crm_outboundmessage SET state = 'due', lease_until = NULL, suspect = true,
        attempts_limit = attempts_limit + 1
    WHERE id IN (SELECT id FROM crm_outboundmessage WHERE state = 'claimed' AND lease_until <= %(now)s
        ORDER BY lease_until LIMIT 500 FOR UPDATE SKIP LOCKED)
"""


@transaction.atomic
def reconcile(moment: datetime, idempotent_for: timedelta | None = None) -> int:
    """Bring back what dead senders held. What they were handing over is uncertain, and is not sent again by itself.

    Unless the way out recognises a message that it has taken (see `Channel.idempotent_for`): then it goes once more.
    Returns how many messages were being handed over.
    """
    held: list[tuple[int, int]] = []
    with connection.cursor() as cursor:
        cursor.execute(_FALLEN, {"now": moment})
        for ids, attempts, cleared in cursor.fetchall():
            values = {"ids": ids, "attempts": attempts, "cleared": cleared, "again": moment + rules.backoff(1, 0)}
            cursor.execute(_COME_BACK, values)
            held += zip(ids, attempts, strict=True)
        cursor.execute(_STRAY, {"now": moment})
    found = _leaving(held, moment)
    for message in found:
        if not once_more(message, idempotent_for, _DIED, moment):
            doubt(message, _DIED, moment)
    return len(found)


def _leaving(held: list[tuple[int, int]], moment: datetime) -> list[OutboundMessage]:
    """Messages that were being handed over by senders that are gone, locked."""
    rows = OutboundMessage.objects.select_for_update(of=("self",)).select_related("contact").filter(state="sending")
    late = rows.filter(lease_until__lte=moment).order_by("id")[:500]
    fenced = dict(held)
    gone = [m for m in rows.filter(pk__in=fenced).order_by("id") if m.attempts == fenced[m.pk]] if fenced else []
    return list({message.pk: message for message in [*late, *gone]}.values())
