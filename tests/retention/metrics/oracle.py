"""Who was a customer on a day and what they brought, counted from raw rows in plain Python, one day at a time.

It shares no code with the product: what a contract, a term and a status mean is written here once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass
class Term:
    starts_on: date
    ends_on: date | None
    mrr: Decimal
    rate: Decimal = Decimal(1)


@dataclass
class Contract:
    account: int
    status: str = "paid"
    terms: list[Term] = field(default_factory=list)
    paid_from: date | None = None
    cancelled_on: date | None = None


def standing(contracts: list[Contract], day: date) -> dict[int, Decimal]:
    """Customers of the day, with what they bring a month."""
    found: dict[int, Decimal] = {}
    for contract in contracts:
        if contract.status in ("trial", "expected"):
            continue
        if contract.paid_from and day < contract.paid_from:
            continue
        if contract.cancelled_on and day >= contract.cancelled_on:
            continue
        for term in contract.terms:
            if term.starts_on <= day and (term.ends_on is None or day < term.ends_on):
                found[contract.account] = found.get(contract.account, Decimal(0)) + term.mrr * term.rate
    return {account: mrr.quantize(Decimal("0.01"), ROUND_HALF_EVEN) for account, mrr in found.items()}


def joined(contracts: list[Contract]) -> dict[int, date]:
    """The first day on which each was a customer, of the first half of 2026."""
    found: dict[int, date] = {}
    for back in range(181):
        day = date(2026, 1, 1) + timedelta(days=back)
        for account in standing(contracts, day):
            found.setdefault(account, day)
    return found


@dataclass
class Counted:
    start: set[int]
    end: set[int]
    new: set[int]
    lost: set[int]
    mrr_start: Decimal
    mrr_end: Decimal
    stayed: Decimal
    kept: Decimal


def counted(contracts: list[Contract], start: date, end: date) -> Counted:
    was, now = standing(contracts, start), standing(contracts, end)
    stayed = kept = Decimal(0)
    for account, mrr in was.items():
        if mrr > 0:
            stayed += now.get(account, Decimal(0))
            kept += min(mrr, now.get(account, Decimal(0)))
    return Counted(
        set(was), set(now), set(now) - set(was), set(was) - set(now), sum(was.values(), Decimal(0)),
        sum(now.values(), Decimal(0)), stayed, kept,
    )  # fmt: skip
