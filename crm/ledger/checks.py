"""What the audit asks of contracts, and the two filter fields that show what it found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from crm.ledger import rules
from crm.ledger.models import Cancellation, Contract, ContractTerm
from crm.slots import DataCheck, FilterField, data_checks, filter_subjects
from crm.web import clock

_PAID = Contract.Status.PAID


def _endless(argument: str | None, now: datetime) -> Any:
    """Whether a paid contract of theirs has a term without an end."""
    terms = ContractTerm.objects.filter(contract__account=OuterRef("pk"), contract__status=_PAID, ends_on=None)
    return Exists(terms)


def _lapsed(argument: str | None, now: datetime) -> Any:
    """Whether a contract of theirs is called paid although its last term ended lately, and nobody gave notice. Later it
    is history."""
    today = clock.today(now)
    terms = ContractTerm.objects.filter(contract=OuterRef("pk"))
    ended = terms.filter(ends_on__gt=today - timedelta(days=rules.LAPSED_DAYS), ends_on__lte=today)
    goes_on = terms.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    left = Cancellation.objects.filter(contract=OuterRef("pk"), effective_on__lte=today, withdrawn_on=None)
    rows = Contract.objects.filter(Exists(ended), ~Exists(goes_on), ~Exists(left), account=OuterRef("pk"), status=_PAID)
    return Exists(rows)


_CUSTOMER = {"field": "lifecycle", "op": "is", "value": "customer"}
_CHECKS = {
    "endless": DataCheck(
        "with a contract that has no end", "account", "Contracts",
        {"field": "contract_endless", "op": "is", "value": True},
        "No renewal is in sight, so nobody is reminded of one. Right where it is cancelled from month to month.",
        "Import the contracts with their ends, or leave those that run by the month.", among=_CUSTOMER,
        mend="imports:new", action="Import contracts", permission="import",
    ),
    "lapsed": DataCheck(
        f"with a paid contract that ended in the last {rules.LAPSED_DAYS} days", "account", "Contracts",
        {"field": "contract_lapsed", "op": "is", "value": True},
        "Either they went and nobody said so, or the next term was never booked and revenue is missing.",
        "Open each: book the next term, or cancel the contract.", action="Open them", weight=2,
    ),
}  # fmt: skip


def register_checks() -> None:
    fields = filter_subjects["account"].fields
    fields.register("contract_endless", FilterField("Has a contract without an end", "bool", _endless))
    fields.register("contract_lapsed", FilterField("Has a paid contract that ended lately", "bool", _lapsed))
    for name, check in _CHECKS.items():
        data_checks.register(name, check)
