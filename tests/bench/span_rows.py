"""Customers of two years for the bench: three spans of each who ever was one, and ten movements of each account."""

from __future__ import annotations

from crm.ledger.models import CustomerSpan, MrrMovement
from tests.bench.rows import Stage, one_of, pick

#: Days before the anchor on which the first span of the earliest begins, and how long each span is about.
_DAYS, _EACH = 730, 200
_BEGAN = f"(%(anchor)s - ({_EACH} + {pick(300, _DAYS - _EACH, 'a.id')}) * interval '1 day')::date"
_CUSTOMERS = "crm_account a, generate_series(0, 2) AS n WHERE a.id BETWEEN %(low)s AND %(high)s AND lifecycle <> 'lead'"


def stages(accounts: int) -> list[Stage]:
    """The third span of one in three ends, the others' is open; between spans one in four is away for a while."""
    starts = f"{_BEGAN} + (n * {_EACH} + CASE WHEN n > 0 AND {pick(301, 4, 'a.id')} = 0 THEN 20 ELSE 0 END)::int"
    ends = f"CASE WHEN n = 2 AND {pick(302, 3, 'a.id')} > 0 THEN NULL ELSE {_BEGAN} + ((n + 1) * {_EACH})::int END"
    span = {
        "account_id": "a.id", "starts_on": starts, "ends_on": ends, "mrr": f"50 * (1 + n) + {pick(303, 400, 'a.id')}",
    }  # fmt: skip
    day = f"(%(anchor)s - {pick(304, _DAYS)} * interval '1 day')::date"
    movement = {
        "account_id": f"1 + {pick(305, '%(n)s')}", "day": day, "kind": one_of(306, "new", "expansion", "contraction"),
        "amount": f"{pick(307, 300)} - 100", "customers": f"CASE WHEN {pick(308, 5)} = 0 THEN 1 ELSE 0 END",
        "known_at": f"{day}::timestamptz",
    }  # fmt: skip
    return [
        Stage(CustomerSpan, accounts, span, _CUSTOMERS, chunk=20_000),
        Stage(MrrMovement, accounts * 10, movement, chunk=250_000),
    ]
