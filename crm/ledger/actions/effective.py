"""Which days of which terms count, in SQL: said here, and nowhere else."""

from __future__ import annotations

#: SQL: contract_id, account_id, status, counts, mrr (a month, reporting currency, not rounded), starts_on and ends_on
#: of each term of the contracts `c` that meet {only}. `starts_on` ≤ day < `ends_on` are the days on which it counts:
#: none before it was paid, none from the cancellation on. Trials have their days too, and `counts` is false; what is
#: expected is left out. `crm.ledger.rules.effective` says the same of one term.
EFFECTIVE = """
    SELECT c.id AS contract_id, c.account_id, c.status, c.status <> 'trial' AS counts, t.mrr * t.rate AS mrr,
        greatest(t.starts_on, c.paid_from) AS starts_on, least(t.ends_on, c.cancelled_on) AS ends_on
    FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id
    WHERE {only} AND c.status <> 'expected'
        AND greatest(t.starts_on, c.paid_from) < coalesce(least(t.ends_on, c.cancelled_on), 'infinity')
"""


def half_even(amount: str) -> str:
    """SQL: an amount of at least 0 rounded to cents, halves to the even one, which Postgres does not do by itself.

    Half a cent above an even one is what `round` would take up to an odd one.
    """
    return f"CASE WHEN mod({amount}, 0.02) = 0.005 THEN trunc({amount}, 2) ELSE round({amount}, 2) END"
