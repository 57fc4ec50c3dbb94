"""Which rows of a file of contracts are refused, why, and what helps."""

from __future__ import annotations

from datetime import datetime

from crm.ledger.actions.rates import RATE_ON, reject_unrated
from crm.ledger.actions.renewals import MISSED, MOST_MISSED, last_day_to_cover
from crm.slots import ImportRows
from crm.web.days import BEYOND, EARLIEST_DAY, LATEST_DAY

#: What a unit of a row's money is worth on the day from which it runs.
RATE_OF = RATE_ON.format(code="r.code", day="r.starts_on")


def reject_contracts(rows: ImportRows) -> None:
    """What is said of whole contracts: whose they are, and in which money."""
    rows.reject(
        "r.account_id IS NULL", "account_external_id", "is the id of no customer here",
        "Import the customers first, or correct the id.",
    )  # fmt: skip
    rows.reject(
        "EXISTS (SELECT 1 FROM crm_contract c WHERE c.id = r.target AND c.account_id <> r.account_id)",
        "account_external_id", "is not the account that has this contract",
        "A contract stays with its customer: give it another {external_id}.",
    )  # fmt: skip
    rows.reject(
        """EXISTS (SELECT 1 FROM import_rows e WHERE e.external_id = r.external_id AND e.line < r.line
            AND e.account_id <> r.account_id)""",
        "account_external_id", "differs from an earlier row of the same contract",
        "A contract belongs to one customer: give it another {external_id}.",
    )  # fmt: skip
    reject_unrated(rows, RATE_OF)


def reject_terms(rows: ImportRows) -> None:
    """Days that nobody can mean, a term without its price, and terms of one contract that overlap."""
    for name in ("starts_on", "ends_on"):
        rows.reject(
            f"r.{name} NOT BETWEEN '{EARLIEST_DAY}' AND '{LATEST_DAY}'", name, BEYOND, "Write the year in four digits."
        )
    rows.reject(
        "r.days IS NULL", "ends_on", "is not after {starts_on}",
        "{ends_on} is the first day without service: later than {starts_on}, or blank for an open end.",
    )  # fmt: skip
    rows.reject(
        "r.term_id IS NULL AND r.mrr IS NULL AND coalesce(r.status, '') <> 'trial'", "mrr", "is missing",
        "Say what the term brings a month; 0 for nothing.",
    )  # fmt: skip
    # A row that goes makes room for a later one, and leaves the term that it would have changed: look again.
    while _reject_overlaps(rows):
        pass


def _reject_overlaps(rows: ImportRows) -> int:
    remedy = "The terms of one contract follow one another: correct the days, or give it another {external_id}."
    gone = rows.reject(
        """EXISTS (SELECT 1 FROM crm_contractterm t WHERE t.contract_id = r.target
            AND daterange(t.starts_on, t.ends_on) && r.days
            AND NOT EXISTS (SELECT 1 FROM import_rows o WHERE o.term_id = t.id))""",
        "starts_on", "overlaps a term of the contract that is booked already", remedy,
    )  # fmt: skip
    return gone + rows.reject(
        """EXISTS (SELECT 1 FROM import_rows e WHERE e.external_id = r.external_id AND e.line < r.line
            AND e.days && r.days AND NOT EXISTS (SELECT 1 FROM import_rows f WHERE f.external_id = e.external_id
                AND f.line < e.line AND f.days && e.days))""",
        "starts_on", "overlaps an earlier row of the same contract", remedy,
    )  # fmt: skip


def reject_forgotten(rows: ImportRows, now: datetime) -> int:
    """A last term that should have renewed so often since is a slip of the pen, and would book terms by thousands."""
    return rows.reject(
        f"""{MISSED.format(term="r", starts_on="r.starts_on")} > %(most)s
            AND coalesce(r.auto_renew, (SELECT c.auto_renew FROM crm_contract c WHERE c.id = r.target), FALSE)
            AND coalesce(r.status, (SELECT c.status FROM crm_contract c WHERE c.id = r.target), 'paid') = 'paid'
            AND NOT EXISTS (SELECT 1 FROM import_rows l
                WHERE l.external_id = r.external_id AND l.starts_on > r.starts_on)
            AND NOT EXISTS (SELECT 1 FROM crm_contractterm l
                WHERE l.contract_id = r.target AND l.starts_on > r.starts_on)""",  # noqa: S608
        "ends_on", f"is so long ago that more than {MOST_MISSED} terms would have to be booked since",
        "Give the days of the contract's latest term, or say auto_renew no.",
        until=last_day_to_cover(now), most=MOST_MISSED,
    )  # fmt: skip
