"""What the ledger gives to others: its nightly work, the dates that workflows count from, and the audit's checks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm import slots
from crm.history.undoing import echoes
from crm.ledger import actions, rules
from crm.ledger.actions.deals import confirmation_undone
from crm.ledger.actions.imports import register_imports
from crm.ledger.checks import register_checks
from crm.ledger.rfm.fields import register_rfm

slots.work.register("ledger", slots.Work(run=actions.run, next_due=actions.next_due, order=5))

# One look at all contracts is made each interval after the last one, a job's or a tick's; what it books is found by it
# alone. A beat that was restarted rings a whole interval after its start, so it counts as due an interval later.
_LOAD = """
    SELECT 'renewals' AS grp, 'Look at renewals' AS label, (next <= %s)::int::bigint AS due,
        (next < %s)::int::bigint AS late, 0::bigint AS held, 0::bigint AS parked, 0::bigint AS uncertain,
        0::bigint AS failed, CASE WHEN next <= %s THEN next END AS oldest_due, '' AS because
    FROM (SELECT max(ran_at) + %s AS next FROM crm_pulse
        WHERE name IN ('ledger', 'tick') HAVING bool_or(name = 'ledger')) AS looked
"""


def _load(now: datetime) -> tuple[str, Sequence[Any]]:
    return _LOAD, [now, now - slots.LATE, now, 2 * rules.LOOK_EVERY]


slots.loads.register(
    "ledger",
    slots.LoadSource("Renewals", _load, lambda group, figure: "", lambda load: "the look at renewals", order=40),
)

# Neither aggregates nor sorts, so that a condition on the day reaches the index on the term's start or end. Earlier
# contracts count whatever became of them, but those that are only expected: who comes back, or buys a second plan, is
# not new.
_STARTS = """
    SELECT c.account_id, NULL::bigint AS contact_id, c.id AS contract_id, t.starts_on AS day,
        'contract:' || c.id || ':start:' || to_char(t.starts_on, 'YYYY-MM-DD') AS fact, t.known_at
    FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
    WHERE c.status IN ('paid', 'trial') AND NOT EXISTS (
        SELECT 1 FROM crm_contract ec JOIN crm_contractterm e ON e.contract_id = ec.id
        WHERE ec.account_id = c.account_id AND ec.status <> 'expected' AND (e.starts_on, e.id) < (t.starts_on, t.id))
"""

_ENDS = f"""
    SELECT c.account_id, NULL::bigint AS contact_id, c.id AS contract_id, t.ends_on AS day,
        'contract:' || c.id || ':end:' || to_char(t.ends_on, 'YYYY-MM-DD') AS fact, t.known_at
    FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
    WHERE c.status = 'paid' AND t.ends_on IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM crm_contractterm l WHERE l.contract_id = t.contract_id AND l.starts_on > t.starts_on)
        AND NOT (c.auto_renew AND t.ends_on - t.starts_on < {rules.SHORT_TERM.days})
"""  # noqa: S608 (a constant of ours)

slots.date_fields.register("contract.starts_on", slots.DateField("Start of the first contract", _STARTS))
slots.date_fields.register("contract.ends_on", slots.DateField("End of a contract", _ENDS))

register_imports()
echoes.register("confirmations", confirmation_undone)
register_rfm()
register_checks()
slots.owned_rows.register(
    "contracts", slots.OwnedRows("crm.Contract", "account", ("contract", "contracts"), "move", "keep")
)
