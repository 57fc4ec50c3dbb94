"""Payments from files: what billing asked for, and what became of it. Nothing is fired."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from crm.accounts.models import Account
from crm.ledger.actions.imports.touching import project_touched
from crm.ledger.actions.projection import project
from crm.ledger.actions.rates import DAY_OF, RATE_ON, reject_unrated, sql_parameters
from crm.ledger.models import Contract, Payment, Refund
from crm.slots import ImportColumn, ImportCounts, ImportKind, ImportRows, import_kinds
from crm.timeline.actions import recording_found
from crm.timeline.models import TimelineEntry
from crm.web.wording import money_sql

COLUMNS = {
    "external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="invoice-1", label="Its id", policies=False,
        names=("id", "payment id", "invoice id", "invoice number", "charge id"), hint="What finds the payment again",
    ),
    "contract_external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="contract-1", label="Contract’s id", policies=False,
        names=("contract id", "subscription id", "subscription"),
    ),
    "due_at": ImportColumn(
        "moment", example="2026-01-01", label="Due", names=("due date", "due on", "invoice date"),
        hint="Blank: the day on which it was paid",
    ),
    "paid_at": ImportColumn(
        "moment", example="2026-01-03", label="Paid", names=("paid on", "payment date", "date paid"),
    ),
    "amount": ImportColumn("money", example="250.00", label="Amount", names=("total", "gross", "amount due")),
    "currency": ImportColumn("currency", example="EUR", label="Currency"),
    "status": ImportColumn(
        "choice", choices=("open", "paid", "failed", "refunded", "void"), example="paid", label="Status",
        hint="Blank: paid where there is a day of payment, else open",
    ),
}  # fmt: skip


def load_payments(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of payments; one that is called refunded gets a refund of all that was not yet."""
    rows.link("contract_id", Contract, "external_id", "contract_external_id")
    rows.link("target", Payment, "external_id", "external_id")
    rows.admit(Contract, "contract_id", "contract_external_id")
    rows.admit(Payment, "target", "external_id")
    rows.respect(Payment, {name: name for name in ("due_at", "paid_at", "amount", "currency", "status")})
    _complete(rows)
    _reject(rows)
    rows.run(_RATE, **sql_parameters())
    rows.note("touched", Account, "SELECT DISTINCT account_id FROM import_rows")
    counts = rows.write(Payment, _PAYMENT, merge=_KEPT)
    rows.link("target", Payment, "external_id", "external_id")
    rows.write(Refund, _REFUND, target="part_id", where="r.gone > 0")
    rows.run(recording_found(_TOLD))
    rows.note("created", TimelineEntry, f"SELECT id FROM crm_timelineentry WHERE key IN (SELECT key FROM ({_FACTS}) k)")  # noqa: S608
    project_touched(rows, now)
    return counts


# Each row as it will stand: what the file leaves blank is as it was. What went back stays back.
_COMPLETE = """
    UPDATE import_rows r SET account_id = s.account_id, code = s.code, state = s.state, due_at = s.due_at,
        paid_at = s.paid_at, amount = s.amount, was = s.was, refunded = s.refunded,
        gone = CASE WHEN s.state = 'refunded' THEN s.amount - s.refunded ELSE 0 END
    FROM (SELECT i.line, c.account_id, p.status AS was, coalesce(p.refunded, 0) AS refunded,
            coalesce(i.currency, p.currency, c.currency, %(reporting)s) AS code,
            coalesce(i.due_at, p.due_at, i.paid_at) AS due_at, coalesce(i.paid_at, p.paid_at) AS paid_at,
            coalesce(i.amount, p.amount) AS amount,
            CASE WHEN p.refunded > 0 AND coalesce(i.status, 'paid') = 'paid'
                    THEN CASE WHEN coalesce(i.amount, p.amount) > p.refunded THEN 'partly_refunded' ELSE 'refunded' END
                ELSE coalesce(i.status, p.status, CASE WHEN i.paid_at IS NULL THEN 'open' ELSE 'paid' END) END AS state
        FROM import_rows i LEFT JOIN crm_contract c ON c.id = i.contract_id
            LEFT JOIN crm_payment p ON p.id = i.target) AS s
    WHERE s.line = r.line
"""


def _complete(rows: ImportRows) -> None:
    rows.run("""
        ALTER TABLE import_rows ADD COLUMN account_id bigint, ADD COLUMN code text, ADD COLUMN state text,
            ADD COLUMN was text, ADD COLUMN refunded numeric, ADD COLUMN gone numeric, ADD COLUMN rate numeric,
            ADD COLUMN part_id bigint""")
    rows.run(_COMPLETE, reporting=settings.CURRENCY)


def _reject(rows: ImportRows) -> None:
    for condition, column, reason, remedy in (
        ("r.contract_id IS NULL", "contract_external_id", "is the id of no contract here",
         "Import the contracts first, or correct the id."),
        ("EXISTS (SELECT FROM crm_payment p WHERE p.id = r.target AND p.account_id <> r.account_id)",
         "contract_external_id", "is a contract of another customer than the payment’s",
         "A payment stays with its customer: give it another {external_id}."),
        ("r.amount IS NULL", "amount", "is missing", "Say how much was due."),
        ("r.amount < 0", "amount", "is negative", "Give what was due, 0 or more; for money that went back, refunded."),
        ("r.amount < r.refunded", "amount", "is less than what went back already", "Correct it, or leave it blank."),
        ("r.due_at IS NULL", "due_at", "is missing", "Say when it was due, or when it was paid."),
        ("r.paid_at > %(now)s", "paid_at", "is still to come", "Leave it blank until it is paid."),
        ("r.paid_at IS NULL AND r.state IN ('paid', 'refunded')", "paid_at", "is missing",
         "Say when it was paid; figures count by it."),
    ):  # fmt: skip
        rows.reject(condition, column, reason, remedy)
    reject_unrated(rows, _RATE_OF)


_RATE_OF = RATE_ON.format(code="r.code", day=DAY_OF.format(at="r.due_at"))
# A booked rate stays, unless the payment turns out to be in another currency.
_RATE = f"""
    UPDATE import_rows r SET rate = {_RATE_OF}
    WHERE r.target IS NULL OR r.code <> (SELECT p.currency FROM crm_payment p WHERE p.id = r.target)
"""  # noqa: S608  (a constant of ours)

_PAYMENT = {
    "external_id": "r.external_id", "account_id": "r.account_id", "contract_id": "r.contract_id", "due_at": "r.due_at",
    "paid_at": "r.paid_at", "amount": "r.amount", "currency": "r.code", "rate": "r.rate", "status": "r.state",
    "refunded": "r.refunded + r.gone", "attempts": "CASE WHEN r.state = 'failed' THEN 1 END",
    "failed_at": "CASE WHEN r.state = 'failed' THEN r.due_at END",
}  # fmt: skip
#: What is known better of one that has failed before.
_KEPT = {
    "attempts": "CASE WHEN r.state = 'failed' THEN greatest(t.attempts, 1) END",
    "failed_at": "CASE WHEN r.state = 'failed' THEN coalesce(t.failed_at, r.due_at) END",
}
_REFUND = {"payment_id": "r.target", "amount": "r.gone", "refunded_at": "greatest(r.paid_at, r.due_at)"}

#: What the timeline is told of each, once: that it was paid, that it failed, that money went back.
_FACTS = """
    SELECT r.*, told.kind, told.before, told.behind, told.sum, told.at, told.kind || ':' || r.target AS key
    FROM import_rows r, LATERAL (VALUES
        ('payment.paid', 'Paid ', '', r.amount,
            CASE WHEN r.state IN ('paid', 'refunded', 'partly_refunded') THEN r.paid_at END),
        ('payment.failed', 'Payment of ', ' failed', r.amount, CASE WHEN r.state = 'failed' THEN r.due_at END),
        ('payment.refunded', 'Refunded ', '', r.gone, CASE WHEN r.gone > 0 THEN greatest(r.paid_at, r.due_at) END)
    ) AS told(kind, before, behind, sum, at) WHERE told.at IS NOT NULL AND r.state IS DISTINCT FROM r.was
"""
_TOLD = f"""
    SELECT k.account_id, NULL::bigint, k.kind, k.at, 'import', NULL::bigint, '',
        k.before || {money_sql("round(k.sum, 2)", "k.code")} || k.behind,
        jsonb_build_object('payment', k.target, 'amount', round(k.amount, 2)::text, 'currency', k.code), k.key
    FROM ({_FACTS}) AS k
"""  # noqa: S608  (constants of ours)


def register_payments() -> None:
    import_kinds.register(
        "payments",
        ImportKind(
            COLUMNS, load_payments, identity=("external_id",), label="Payments", settle=project, order=5,
            hint="One row for each payment or invoice of a contract",
            tables=("crm.Payment", "crm.Refund", "crm.TimelineEntry"),
        ),
    )  # fmt: skip
