"""How the status of a contract changes, by whatever road: a file, the API, a page, a hook.

Two days go with it, `paid_from` and `cancelled_on`; crm.ledger.rules.turned says which. Nothing is cut when somebody
cancels. Who comes back on a later day leaves a gap: the term that would have run ends where it was cancelled, and goes
on from today in a further one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection

from crm.ledger.models import Contract
from crm.web import clock

#: SQL of `rules.turned` for contracts `c` that take another status {new}: the two columns.
PAID_FROM = """CASE WHEN {new} IN ('trial', 'expected') THEN NULL
    WHEN c.status = 'trial' OR c.status = 'expected' AND {new} = 'cancelled' THEN %(today)s::date
    ELSE c.paid_from END"""
CANCELLED_ON = "CASE WHEN {new} = 'cancelled' THEN %(today)s::date END"

#: Gives contracts another status, in the order of their ids; {wanted} has contract_id and status.
TURN = f"""
    WITH locked AS MATERIALIZED (
        SELECT c.id, w.status FROM crm_contract c JOIN ({{wanted}}) AS w ON w.contract_id = c.id
        WHERE c.status <> w.status ORDER BY c.id FOR NO KEY UPDATE OF c)
    UPDATE crm_contract c SET status = locked.status, updated_at = %(now)s,
        paid_from = {PAID_FROM.format(new="locked.status")}, cancelled_on = {CANCELLED_ON.format(new="locked.status")}
    FROM locked WHERE c.id = locked.id AND c.status <> locked.status
"""  # noqa: S608  (constants of ours)

#: To be run before `TURN`, for contracts that were cancelled on an earlier day and go on: their terms leave the gap.
#: {back} has contract_id and gap_from. First those that began and would have ended within it, then one that began
#: within it and goes on, then one that began before it; the last makes the term that goes on from today. Before all
#: that, what renews by itself and has no term any more gets one from today, as long as the last: renewals, which follow
#: on the last one, would fill the gap.
_BACK = "SELECT * FROM ({back}) AS b WHERE b.gap_from < %(today)s"
LEAVE_GAP = (
    f"""
    INSERT INTO crm_contractterm (contract_id, starts_on, ends_on, mrr, rate, known_at)
    SELECT c.id, %(today)s, (%(today)s::timestamp + age(last.ends_on::timestamp, last.period))::date, last.mrr,
        last.rate, %(now)s
    FROM ({_BACK}) AS b JOIN crm_contract c ON c.id = b.contract_id CROSS JOIN LATERAL (
        SELECT *, coalesce(period_starts_on, starts_on)::timestamp AS period FROM crm_contractterm
        WHERE contract_id = c.id ORDER BY starts_on DESC LIMIT 1) AS last
    WHERE c.auto_renew AND last.ends_on <= %(today)s ORDER BY c.id RETURNING id
    """,  # noqa: S608
    f"""
    DELETE FROM crm_contractterm t USING ({_BACK}) AS b
    WHERE t.contract_id = b.contract_id AND t.starts_on >= b.gap_from AND t.ends_on <= %(today)s
    """,  # noqa: S608
    f"""
    UPDATE crm_contractterm t SET starts_on = %(today)s,
        period_starts_on = coalesce(t.period_starts_on, t.starts_on)
    FROM ({_BACK}) AS b
    WHERE t.contract_id = b.contract_id AND t.starts_on >= b.gap_from AND t.starts_on < %(today)s
    """,  # noqa: S608
    f"""
    WITH running AS MATERIALIZED (
        SELECT t.id, t.contract_id, t.ends_on, t.mrr, t.rate, b.gap_from,
            coalesce(t.period_starts_on, t.starts_on) AS period
        FROM crm_contractterm t JOIN ({_BACK}) AS b ON b.contract_id = t.contract_id
        WHERE t.starts_on < b.gap_from AND coalesce(t.ends_on, 'infinity') > b.gap_from
        ORDER BY t.id FOR NO KEY UPDATE OF t
    ), cut AS (
        UPDATE crm_contractterm t SET ends_on = running.gap_from FROM running
        WHERE t.id = running.id RETURNING t.id
    )
    INSERT INTO crm_contractterm (contract_id, starts_on, ends_on, mrr, rate, known_at, period_starts_on)
    SELECT contract_id, %(today)s, ends_on, mrr, rate, %(now)s, period FROM running
    WHERE coalesce(ends_on, 'infinity') > %(today)s AND (SELECT count(*) FROM cut) > 0
    ORDER BY contract_id RETURNING id
    """,  # noqa: S608
)  # fmt: skip

#: Which of {wanted} come back, for `LEAVE_GAP`.
COMING_BACK = """
    SELECT c.id AS contract_id, c.cancelled_on AS gap_from FROM crm_contract c
    JOIN ({wanted}) AS w ON w.contract_id = c.id WHERE c.status = 'cancelled' AND w.status IN ('paid', 'paused')
"""


def turn(contract: Contract, status: str, now: datetime) -> list[int]:
    """Give a contract, which the caller has locked, another status, and leave the gap if it comes back.

    Saves the status and its days. Returns the ids of terms that were made.
    """
    today, made = clock.today(now), []
    if contract.cancelled_on and status in Contract.COUNTS:
        made = leave_gap(contract.pk, contract.cancelled_on, now)
    contract.turn(status, today)
    contract.updated_at = now
    contract.save(update_fields=["status", "paid_from", "cancelled_on", "updated_at"])
    return made


def leave_gap(contract_id: int, gap_from: date, now: datetime) -> list[int]:
    """As if it had ended on that day and began anew today. Returns the ids of the terms that were made."""
    back = "SELECT %(contract)s::bigint AS contract_id, %(gap_from)s::date AS gap_from"
    values: dict[str, Any] = {"contract": contract_id, "gap_from": gap_from, "today": clock.today(now), "now": now}
    made: list[int] = []
    with connection.cursor() as cursor:
        for statement in LEAVE_GAP:
            cursor.execute(statement.format(back=back), values)
            made += [pk for (pk,) in cursor.fetchall()] if cursor.description else []
    return made
