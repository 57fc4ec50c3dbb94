"""Winning a deal: it books a contract, once, that counts for nothing until billing or a person confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm.history.actions import act
from crm.history.models import Act
from crm.ledger.actions import deals as booking
from crm.ledger.models import Contract
from crm.pipelines.actions import locking
from crm.pipelines.actions.moving import Filled, arrive, enter, owing, pass_gate, standing
from crm.pipelines.actions.refusals import DealError, GateError
from crm.pipelines.models import Deal, Outcome, Stage
from crm.team.models import User

WON = "deal.won"


@dataclass(frozen=True)
class Booked:
    """What was sold: the contract's plan and its first term. Money is in the deal's currency."""

    plan: str
    mrr: Decimal
    starts_on: date
    months: int | None = None  # of the first term; None: open
    auto_renew: bool = False

    def columns(self) -> dict[str, Any]:
        """What the deal itself says of it."""
        return {"plan": self.plan, "mrr": self.mrr, "starts_on": self.starts_on, "months": self.months}


@dataclass(frozen=True)
class Won:
    deal: Deal
    act: Act | None  # to undo; None: it was won already, and nothing was done
    contract: Contract | None  # None: its pipeline books none
    kind: str = ""  # of the contract: new, renewal, expansion or contraction


@locking.persistent
def win(
    deal_id: int, booked: Booked | None, by: User | None, now: datetime, *, after: int | None = None,
    seen_stage: int | None = None, filled: Filled | None = None,
) -> Won:  # fmt: skip
    """Put it on top of the stage that wins and book its contract.

    `booked` is left out where the pipeline books nothing. Of two who win it at once one does, and the other gets what
    it did. Raises GateError if something is missing first, `booked` among it; MovedError as `move`. A deal whose
    contract is there already, since it was won before and somebody confirmed it, books no other one.
    """
    seen = _seen(deal_id)
    account = locking.account(seen.account_id)
    row, stage, rank = arrive(deal_id, _winning(seen).pk, after, seen_stage)
    if (row.account_id, row.pipeline_id) != (account.pk, stage.pipeline_id):
        locking.again()
    if row.outcome == Outcome.WON:
        return Won(row, None, row.contract)
    books = stage.pipeline.books and row.contract is None
    filled = filled or Filled()
    if books and booked:
        filled = Filled(filled.checked, {**filled.values, **booked.columns()})
    if books and booked is None:
        raise GateError(f"Say what was sold before “{row}” is won.", row, stage, owing(row, stage, filled))
    with act(WON, f"won {row}", by, now, standing(row)) as deed:
        pass_gate(row, stage, filled, now)
        kind = _book(row, booked, now) if books and booked else ""
        row.lost_because, row.lost_note = None, ""
        row.save(update_fields=["contract", "lost_because", "lost_note"])
        told: dict[str, Any] = {}
        if kind and booked:
            told = {"sale": kind, "mrr": str(booked.mrr), "contract": row.contract_id}
        enter(row, stage, rank, by, now, kind="deal.won", words="Deal won", **told)
    return Won(row, deed, row.contract, kind)


def _seen(deal_id: int) -> Deal:
    row = Deal.objects.filter(pk=deal_id).first()
    if row is None:
        raise DealError("This deal is not there any more.")
    return row


def _winning(row: Deal) -> Stage:
    found = Stage.objects.in_use().filter(pipeline=row.pipeline_id, outcome=Outcome.WON).first()
    if found is None:
        raise DealError("This pipeline has no stage that wins. An admin adds one to its shape.")
    return found


def _book(row: Deal, booked: Booked, now: datetime) -> str:
    """Its contract, and of what kind it is."""
    sold = booking.Booking(booked.plan, booked.mrr, row.currency, booked.starts_on, booked.months, booked.auto_renew)
    kind = booking.kind_of(row.account_id, sold, now)
    try:
        row.contract = booking.book(row.account_id, sold, now)
    except booking.BookingError as error:
        raise DealError(str(error)) from None
    return kind
