"""What the ledger gives to others: its nightly work, the dates that workflows count from, and the audit's checks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm import slots
from crm.ledger import actions, rules
from crm.ledger.actions.imports import register_imports
from crm.ledger.checks import register_checks
from crm.ledger.erasing import forget_in_cancellations
from crm.ledger.models import EnteredSpend
from crm.ledger.owned import register_owned_rows
from crm.ledger.rfm.fields import register_rfm
from crm.ledger.undoing import register_undoing

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
        AND NOT (c.auto_renew AND t.ends_on - coalesce(t.period_starts_on, t.starts_on) < {rules.SHORT_TERM.days})
"""  # noqa: S608 (a constant of ours)

slots.date_fields.register("contract.starts_on", slots.DateField("Start of the first contract", _STARTS))
slots.date_fields.register("contract.ends_on", slots.DateField("End of a contract", _ENDS))

register_imports()
register_undoing()
register_rfm()
register_checks()
register_owned_rows()
slots.traces.register("cancellations", forget_in_cancellations)
slots.settings_pages.register(
    "cancel-reasons",
    slots.SettingsPage(
        "Reasons for leaving", "What one chooses from when somebody cancels", "log-out", "ledger:reasons", "Record", 46,
        keywords="cancel churn cancellation reasons exit",
    ),
)  # fmt: skip


def _spend_kept(account_id: int) -> str:
    if not EnteredSpend.objects.filter(account=account_id).exists():
        return ""
    return "What this customer spent follows from payments and purchases. Record one of these, or a refund, instead."


slots.kept_by_facts.register("lifetime_spend", _spend_kept)
slots.kept_tables.register("crm.CancelReason", slots.KeptTable())
for _derived in ("crm.CustomerSpan", "crm.MrrMovement", "crm.EnteredSpend"):
    slots.undone_along.register(_derived, _derived)
slots.register_facts(
    "Contracts",
    {
        "contract.started": "Contract started", "contract.renewed": "Contract renewed",
        "contract.confirmed": "Contract of a deal confirmed",
        "contract.changed": "Contract upgraded or downgraded", "contract.paused": "Contract paused",
        "contract.resumed": "Contract resumed", "contract.cancelled": "Contract cancelled",
        "contract.saved": "Cancellation averted", "contract.reinstated": "Contract reinstated",
    },
    contract_id=5, plan="Pro", starts_on="2026-07-01", ends_on="2027-07-01", mrr="400.00", currency="EUR",
)  # fmt: skip
slots.register_facts(
    "Payments",
    {"payment.paid": "Payment made", "payment.failed": "Payment failed", "payment.refunded": "Payment refunded"},
    payment=9, amount="400.00", currency="EUR",
)  # fmt: skip
slots.register_facts(
    "Purchases", {"purchase.made": "Purchase made"}, purchase=12, amount="49.90", currency="EUR", items=1,
)  # fmt: skip
