"""What the journal says against us: lost, doubled, late, parked and uncertain, by SQL over what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from crm import slots
from crm.outbox.channels import chats
from crm.outbox.models import MailPolicy, Switch
from crm.outbox.models.messages import WAITING_SINCE
from crm.outbox.sending.claim import LEASE, may_send
from crm.outbox.sending.clear import UNWRITABLE
from crm.outbox.sending.returning import DEADLY
from crm.outbox.stopping import COVERED, covering
from crm.web import clock
from crm.web.models import Pulse

FAULTS = ("lost", "doubled", "late", "parked")
KINDS = (*FAULTS, "uncertain")

#: A message that has waited longer than this, while mail leaves, has been forgotten rather than queued.
LONG_PAST = timedelta(hours=1)
#: A lease this long over should have been noticed by any sender.
STUCK = 2 * LEASE

_QUERIES: dict[str, tuple[tuple[str, str], ...]] = {
    "lost": (
        (
            "SELECT id, 'due since ' || to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"  # noqa: S608  (SQL of ours)
            " FROM crm_outboundmessage m WHERE state = 'due' AND due_at < %(long_past)s"
            " AND " + WAITING_SINCE + " < %(long_past)s AND %(live)s AND NOT " + COVERED,
            "message {}: {}",
        ),
        (
            "SELECT id, state FROM crm_outboundmessage"
            " WHERE state IN ('claimed', 'sending') AND lease_until < %(stuck)s AND (state = 'sending' OR %(live)s)",
            "message {}: stuck in {}, its lease is over",
        ),
        (
            # One that failed over its own text, or that its senders died of, says so and waits for a person; any other
            # should have been tried.
            "SELECT id, reason FROM crm_outboundmessage m WHERE state = 'failed' AND guard <> ALL(%(explained)s)"
            " AND NOT EXISTS (SELECT 1 FROM crm_decision d WHERE d.message_id = m.id AND d.verdict = 'sending')",
            "message {}: failed without ever being handed over: {}",
        ),
    ),
    "doubled": (
        (
            "SELECT array_agg(id ORDER BY id), min(origin) FROM crm_outboundmessage"
            " WHERE state = 'sent' AND origin <> '' AND origin_id IS NOT NULL"
            " AND (contact_id IS NOT NULL OR addressed_to <> '')"
            " GROUP BY contact_id, addressed_to, origin, origin_id HAVING count(*) > 1",
            "messages {}: the same reader got the same {} row twice",
        ),
        (
            # Handed over more than once without a refusal in between, as when somebody sends an uncertain one again.
            "SELECT message_id, count(*) FROM ("
            "   SELECT message_id, verdict, lead(verdict, 1, '') OVER (PARTITION BY message_id ORDER BY id) AS next"
            "   FROM crm_decision WHERE verdict IN ('sending', 'sent', 'retry', 'failed')) AS told"
            " WHERE verdict = 'sending' AND next NOT IN ('retry', 'failed')"
            " GROUP BY message_id HAVING count(*) > 1 ORDER BY message_id",
            "message {}: handed over {} times",
        ),
    ),
    "late": (
        (
            "SELECT id, to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM crm_outboundmessage"
            " WHERE state = 'sent' AND sending_at > expires_at",
            "message {}: sent after its last moment, {} UTC",
        ),
    ),
    "parked": (),  # no message ever is: other rooms fill it
    "uncertain": (
        ("SELECT id, reason FROM crm_outboundmessage WHERE state = 'uncertain' ORDER BY id", "message {}: {}"),
    ),
}


def worked_until() -> datetime:
    """The moment up to which due work should be done: now where workers run, else where the last tick stood."""
    pulses = dict(Pulse.objects.filter(name__in=["outbox", "tick"]).values_list("name", "ran_at"))
    return clock.now() if "outbox" in pulses or "tick" not in pulses else pulses["tick"]


def verify(now: datetime) -> dict[str, list[str]]:
    """Lines for people by kind, those of other rooms included."""
    switches = set(Switch.objects.values_list("scope", flat=True))
    policy = MailPolicy.the_only()
    live = may_send(policy, switches)
    switches |= {f"channel:{name}" for name in chats.closed(policy.mode)}
    values = {"long_past": now - LONG_PAST, "stuck": now - STUCK, "live": live, "explained": [UNWRITABLE, DEADLY]}
    values |= covering(switches)
    found = {kind: list(_lines(kind, values)) for kind in KINDS}
    for check in slots.journal_checks:
        for kind, lines in check(now).items():
            found[kind] += lines
    return found


def _lines(kind: str, values: dict[str, Any]) -> Iterator[str]:
    with connection.cursor() as cursor:
        for query, line in _QUERIES[kind]:
            cursor.execute(query, values)
            for row in cursor.fetchall():
                yield line.format(*(", ".join(map(str, cell)) if isinstance(cell, list) else cell for cell in row))
