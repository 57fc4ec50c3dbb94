"""What was decided here about a contract, and what billing makes of it and says: for who bills it, and for pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from crm.slots.registry import Registry

#: What can be decided. Two beside each other take each other back.
END, STAY, PAUSE, GO_ON, LESS, FULL = "end", "stay", "pause", "go_on", "less", "full"


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, told in its transaction, with the contract locked."""

    contract_id: int
    act_id: int  # whose undo takes it back
    what: str
    at: datetime
    on: date | None = None  # of an end: the first day without it; of a pause or a discount: the first day behind it
    percent: int = 0
    months: int = 0
    price: Decimal | None = None  # of a discount: a month's without it
    themselves: bool = False  # the customer decided, on a page of theirs


contract_decided: Registry[Callable[[Decided], object]] = Registry("listener to what is decided about contracts")


@dataclass(frozen=True, slots=True)
class Billed:
    """What became of the latest decision where the contract is billed. `mails`: they hear by mail when it is done."""

    what: str
    state: str  # asked | person | done
    mails: bool = False


#: Contract → where its latest decision stands; None: nobody had to be told.
contract_billed: Registry[Callable[[int], Billed | None]] = Registry("standing of a contract in billing")


def decided(one: Decided) -> None:
    """Tell whoever listens, in the caller's transaction."""
    for listens in contract_decided:
        listens(one)


def billed(contract_id: int) -> Billed | None:
    return next((found for ask in contract_billed if (found := ask(contract_id))), None)


#: External ids of payments → what the billing system is called that reports them, for those that one does.
payments_reported: Registry[Callable[[Sequence[str]], Mapping[str, str]]] = Registry("reporter of payments")


#: Account → the billing system that reports its contracts and payments by itself; blank: none that this asks.
accounts_billed: Registry[Callable[[int], str]] = Registry("biller of accounts")


def biller(account_id: int) -> str:
    return next((name for ask in accounts_billed if (name := ask(account_id))), "")


def reporters(external_ids: Sequence[str]) -> Mapping[str, str]:
    """Who says by itself what becomes of these payments, so that nobody needs to, and it would count twice."""
    return {pk: name for ask in payments_reported for pk, name in ask(external_ids).items()} if external_ids else {}
