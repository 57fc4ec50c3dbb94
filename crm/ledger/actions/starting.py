"""That a contract has started stands on the timeline once, by whatever road its first term came: when it first counts.

What is expected, or tried, has not started; who comes back after an end has started long ago.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from crm.team.models import User
from crm.timeline.actions import found, record
from crm.web import clock

#: Of what happened longer ago workflows are not told: it is history.
NEWS = timedelta(days=3)

#: Facts of the contracts among {which} that count and whose start nobody has told yet, as `recording_found` takes them;
#: it wants `now`, `today` and `zone`. One that begins later has been agreed on now.
STARTED = """
    SELECT c.account_id, NULL::bigint AS contact_id, 'contract.started' AS kind,
        CASE WHEN t.day < %(today)s THEN t.day::timestamp AT TIME ZONE %(zone)s ELSE %(now)s END AS at,
        {source} AS source, {actor}::bigint AS actor_id, '' AS channel,
        left(coalesce(nullif(c.plan, ''), 'A contract') || ' from ' || to_char(t.day, 'FMDD Mon YYYY')
            || coalesce(' to ' || to_char(t.ends_on, 'FMDD Mon YYYY'), ''), 400) AS text,
        jsonb_build_object('contract_id', c.id, 'plan', c.plan, 'starts_on', t.day, 'ends_on', t.ends_on,
            'mrr', t.mrr::text, 'currency', c.currency) AS payload,
        'contract.started:' || c.id AS key
    FROM crm_contract c JOIN LATERAL (
        SELECT greatest(starts_on, c.paid_from) AS day, ends_on, mrr FROM crm_contractterm
        WHERE contract_id = c.id ORDER BY starts_on LIMIT 1) AS t ON TRUE
    WHERE c.id IN ({which}) AND c.status IN ('paid', 'paused')
        AND NOT EXISTS (SELECT FROM crm_timelineentry e WHERE e.key = 'contract.started:' || c.id)
"""

_ONE = STARTED.format(which="SELECT %(contract)s::bigint", source="%(source)s", actor="%(actor)s")


def days(now: datetime) -> dict[str, Any]:
    """What `STARTED` wants besides `now`."""
    return {"today": clock.today(now), "zone": clock.zone().key}


def tell_started(contract_id: int, by: User | None, now: datetime, source: str = "automatic") -> list[int]:
    """In the transaction that has just booked or confirmed it, with the contract locked or new. Returns the entries."""
    values: dict[str, Any] = {
        "contract": contract_id,
        "source": "person" if by else source,
        "actor": by.pk if by else None,
    }
    facts = found(_ONE, values | days(now), now=now)
    return record(facts, react=any(fact.occurred_at and fact.occurred_at > now - NEWS for fact in facts), now=now)
