"""Contracts from files. A row is one term: external_id names the contract, starts_on the term of it."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings

from crm.accounts.models import Account
from crm.ledger.actions.confirming import tell_confirmed
from crm.ledger.actions.deals import LOCK_EXPECTED, TAKEN_OVER
from crm.ledger.actions.imports.refusing import RATE_OF, reject_contracts, reject_forgotten, reject_terms
from crm.ledger.actions.imports.touching import project_touched
from crm.ledger.actions.projection import project
from crm.ledger.actions.rates import sql_parameters
from crm.ledger.actions.renewals import BATCH, book_renewals
from crm.ledger.actions.standing import COMING_BACK, LEAVE_GAP, TURN
from crm.ledger.actions.starting import STARTED, days
from crm.ledger.models import Contract, ContractTerm
from crm.slots import ImportColumn, ImportCounts, ImportKind, ImportRows, import_kinds
from crm.timeline.actions import recording_found
from crm.timeline.models import TimelineEntry
from crm.web import clock

CONTRACT_COLUMNS = {
    "external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="contract-1", label="Its id", policies=False,
        names=("id", "contract id", "subscription id", "contract number"), hint="What finds the contract again",
    ),
    "account_external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="acme-1", label="Customer’s id", policies=False,
        names=("account id", "customer id", "company id"),
    ),
    "plan": ImportColumn(max_length=120, example="Team", label="Plan", names=("product", "subscription", "package")),
    "starts_on": ImportColumn(
        "date", required=True, filled=True, example="2026-01-01", label="Starts on", policies=False,
        names=("start", "start date", "from", "begins on", "contract start"),
    ),
    "ends_on": ImportColumn(
        "date", example="2027-01-01", label="Ends on", names=("end", "end date", "until", "contract end", "to"),
        hint="The first day without service; blank for an open end",
    ),
    "mrr": ImportColumn(
        "money", example="250.00", label="MRR", names=("monthly", "monthly amount", "amount", "price", "monthly price"),
        hint="What it brings a month",
    ),
    "currency": ImportColumn("currency", example="EUR", label="Currency"),
    "auto_renew": ImportColumn("yes_no", example="yes", label="Renews by itself", names=("auto renewal",)),
    "status": ImportColumn("choice", choices=Contract.REPORTED, example="paid", label="Status"),
}  # fmt: skip


def load_contracts(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of contracts, and what follows from them for their accounts.

    Terms that have run out since and renew by themselves are booked as well, without firing anything.
    """
    rows.link("account_id", Account, "external_id", "account_external_id")
    rows.link("target", Contract, "external_id", "external_id")
    rows.admit(Account, "account_id", "account_external_id")
    rows.respect(Contract, {name: name for name in ("plan", "currency", "auto_renew", "status")})
    _find_terms(rows)
    reject_contracts(rows)
    reject_terms(rows)
    _agree(rows)
    # Without its last row, the one before it is the contract's last.
    while reject_forgotten(rows, now):
        pass
    confirmed = _take_over(rows)
    counts = _count(rows)
    rows.note("touched", Account, "SELECT DISTINCT account_id FROM import_rows")
    _write(rows, clock.today(now))
    for contracts in rows.batches(_RENEWING, BATCH):
        while book_renewals(now, only=contracts, react=False):
            pass
    rows.note("created", ContractTerm, _BOOKED.format("t.id"))
    told = tell_confirmed(confirmed, now)
    rows.note("created", TimelineEntry, f"SELECT unnest(%(told)s::bigint[]) UNION {_TOLD}", told=told)
    rows.make(TimelineEntry, recording_found(_STARTED), **days(now))
    project_touched(rows, now)
    return counts


_RENEWING = "SELECT id FROM crm_contract WHERE auto_renew AND id IN (SELECT target FROM import_rows) ORDER BY id"


_STARTED = STARTED.format(which="SELECT target FROM import_rows", source="'import'", actor="NULL")

# Renewals that followed from the file at once, and what the timeline says of them.
_BOOKED = """
    SELECT {} FROM crm_contractterm t WHERE t.known_at = %(now)s AND t.contract_id IN (SELECT target FROM import_rows)
        AND NOT EXISTS (SELECT 1 FROM import_rows r WHERE r.term_id = t.id)
"""
_TOLD = f"""
    SELECT id FROM crm_timelineentry WHERE key IN (
        {_BOOKED.format("'contract.renewed:' || t.contract_id || ':' || t.starts_on")})
"""  # noqa: S608 (a constant of ours)


def _find_terms(rows: ImportRows) -> None:
    """Where the term is booked already, its id; and the days it will run when the row is in (blank keeps the end)."""
    rows.run("""
        ALTER TABLE import_rows ADD COLUMN term_id bigint, ADD COLUMN days daterange, ADD COLUMN code text,
            ADD COLUMN rate numeric, ADD COLUMN gap_from date""")
    rows.run("""
        UPDATE import_rows r SET term_id = t.id FROM crm_contractterm t
        WHERE t.contract_id = r.target AND t.starts_on = r.starts_on""")
    rows.respect(ContractTerm, {"ends_on": "ends_on", "mrr": "mrr"}, target="term_id")
    rows.run(_ENDS)
    rows.run("""
        UPDATE import_rows r SET
            days = CASE WHEN r.ends_on IS NULL OR r.ends_on > r.starts_on THEN daterange(r.starts_on, r.ends_on) END,
            code = coalesce(r.currency, (SELECT c.currency FROM crm_contract c WHERE c.id = r.target), %(reporting)s)
        """, reporting=settings.CURRENCY)  # fmt: skip


# A term that was cut short here, since its contract was cancelled and came back, stays so while the file says the end
# that it had.
_ENDS = """
    UPDATE import_rows r SET ends_on = CASE WHEN r.ends_on IS NULL OR EXISTS (
            SELECT FROM crm_contractterm l WHERE l.contract_id = t.contract_id AND l.starts_on > t.ends_on
                AND l.ends_on = r.ends_on
                AND NOT EXISTS (SELECT FROM import_rows o WHERE o.external_id = r.external_id
                    AND o.starts_on = l.starts_on)) THEN t.ends_on ELSE r.ends_on END
    FROM crm_contractterm t WHERE t.id = r.term_id
"""


def _count(rows: ImportRows) -> ImportCounts:
    """New terms are created, rows that change a term or its contract updated."""
    created = rows.ids("SELECT count(*) FROM import_rows WHERE term_id IS NULL")[0]
    updated = rows.ids("""
        SELECT count(*) FROM import_rows r
        JOIN crm_contract c ON c.id = r.target JOIN crm_contractterm t ON t.id = r.term_id
        WHERE (t.ends_on, t.mrr) IS DISTINCT FROM (r.ends_on, coalesce(r.mrr, t.mrr))
            OR (c.plan, c.currency, c.auto_renew, c.status) IS DISTINCT FROM (coalesce(r.plan, c.plan), r.code,
                coalesce(r.auto_renew, c.auto_renew), coalesce(r.status, c.status))""")[0]
    return ImportCounts(created, updated)


# What a later row leaves blank, an earlier row of the same contract says.
_AGREE = """
    UPDATE import_rows r
    SET plan = m.plan, status = m.status, auto_renew = m.auto_renew, code = coalesce(m.currency, r.code)
    FROM (SELECT external_id,
            (array_agg(plan ORDER BY line DESC) FILTER (WHERE plan IS NOT NULL))[1] AS plan,
            (array_agg(status ORDER BY line DESC) FILTER (WHERE status IS NOT NULL))[1] AS status,
            (array_agg(auto_renew ORDER BY line DESC) FILTER (WHERE auto_renew IS NOT NULL))[1] AS auto_renew,
            (array_agg(currency ORDER BY line DESC) FILTER (WHERE currency IS NOT NULL))[1] AS currency
        FROM import_rows GROUP BY external_id HAVING count(*) > 1) m
    WHERE r.external_id = m.external_id
"""

# A booked rate stays, unless the contract turns out to be in another currency.
_RATE = f"""
    UPDATE import_rows r SET rate = {RATE_OF}
    WHERE r.term_id IS NULL OR r.code <> (SELECT c.currency FROM crm_contract c WHERE c.id = r.target)
"""  # noqa: S608 (a constant of ours)


def _agree(rows: ImportRows) -> None:
    """What holds for a whole contract is the same in all rows of it: what the last one says that says it."""
    rows.run(_AGREE)
    rows.run(_RATE, **sql_parameters())


# New contracts that bring something; all rows of one say the same by now.
_NEW = """
    SELECT external_id AS mark, account_id, coalesce(max(plan), '') AS plan, min(line) AS place
    FROM import_rows WHERE target IS NULL AND coalesce(status, 'paid') IN ('paid', 'paused')
    GROUP BY external_id, account_id
"""


def _take_over(rows: ImportRows) -> list[int]:
    """What was sold here and billing reports now is one contract: the file's first term stands for the expected one.
    Returns those that are confirmed thereby."""
    rows.begin_writing()
    rows.ids(LOCK_EXPECTED.format(wanted=_NEW))
    taken = rows.run(f"""
        UPDATE import_rows r SET target = t.contract_id, status = coalesce(r.status, 'paid'),
            term_id = CASE WHEN r.starts_on = (
                SELECT min(e.starts_on) FROM import_rows e WHERE e.external_id = r.external_id) THEN t.term_id END
        FROM ({TAKEN_OVER.format(wanted=_NEW)}) t WHERE t.mark = r.external_id""")  # noqa: S608
    if taken:
        rows.run("""
            UPDATE crm_contractterm t SET starts_on = r.starts_on, ends_on = r.ends_on, mrr = r.mrr, rate = r.rate,
                known_at = %(now)s
            FROM import_rows r WHERE t.id = r.term_id AND r.status IN ('paid', 'paused')
                AND (SELECT c.status FROM crm_contract c WHERE c.id = t.contract_id) = 'expected'""")
    return rows.ids("""
        SELECT DISTINCT c.id FROM crm_contract c JOIN import_rows r ON r.target = c.id
        WHERE c.status = 'expected' AND r.status IN ('paid', 'paused')""")


_CONTRACT = {
    "external_id": "r.external_id", "account_id": "r.account_id", "plan": "r.plan", "status": "r.status",
    "auto_renew": "r.auto_renew", "currency": "r.code",
    "cancelled_on": "CASE WHEN r.target IS NULL AND r.status = 'cancelled' THEN %(today)s::date END",
}  # fmt: skip

_TERM = {
    "contract_id": "r.target", "starts_on": "r.starts_on", "ends_on": "r.ends_on", "rate": "r.rate",
    "mrr": "coalesce(r.mrr, CASE WHEN r.term_id IS NULL THEN 0 END)",
}  # fmt: skip

_NEW_DATES = {"known_at": "CASE WHEN t.ends_on IS DISTINCT FROM r.ends_on THEN %(now)s ELSE t.known_at END"}
_FIRST_OF_CONTRACT = "NOT EXISTS (SELECT 1 FROM import_rows e WHERE e.external_id = r.external_id AND e.line < r.line)"


#: Contracts whose status the file says; of those that come back, when they were cancelled.
_TOLD_STATUS = f"""
    SELECT r.target AS contract_id, r.status FROM import_rows r
    WHERE r.target IS NOT NULL AND r.status IS NOT NULL AND {_FIRST_OF_CONTRACT}
"""  # noqa: S608  (a constant of ours)
_GAPS = f"""
    UPDATE import_rows r SET gap_from = b.gap_from FROM ({COMING_BACK.format(wanted=_TOLD_STATUS)}) AS b
    WHERE b.contract_id = r.target
"""  # noqa: S608  (constants of ours)
_CAME_BACK = "SELECT DISTINCT target AS contract_id, gap_from FROM import_rows WHERE gap_from IS NOT NULL"


def _write(rows: ImportRows, today: date) -> None:
    rows.begin_writing()
    rows.run(_GAPS)
    rows.run(TURN.format(wanted=_TOLD_STATUS), today=today)
    rows.write(Contract, _CONTRACT, where=_FIRST_OF_CONTRACT, parameters={"today": today})
    rows.link("target", Contract, "external_id", "external_id")
    rows.write(ContractTerm, _TERM, merge=_NEW_DATES, target="term_id")
    for statement in LEAVE_GAP:
        rows.run(statement.format(back=_CAME_BACK), today=today)


def register_contracts() -> None:
    import_kinds.register(
        "contracts",
        ImportKind(
            CONTRACT_COLUMNS, load_contracts, identity=("external_id", "starts_on"), label="Contracts",
            hint="One row for each term of a contract", settle=project, order=3,
            tables=("crm.Contract", "crm.ContractTerm", "crm.TimelineEntry"),
        ),
    )  # fmt: skip
