"""What of the ledger hangs on customers and people, and what becomes of it in a merge and an erasure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from crm import slots
from crm.accounts.models import Account
from crm.ledger.models import CustomerSpan, EnteredSpend, Purchase
from crm.slots import Moving, OwnedRows, exported


def _forget_spans(loser: int, keeper: int, now: datetime) -> None:
    """They are derived from what moves, for the one that stays and, should they part again, for both."""
    CustomerSpan.objects.filter(account=loser).delete()


def _enter_together(loser: int, keeper: int, now: datetime) -> dict[str, str] | None:
    """What was entered of the two is the keeper's from now on, and comes back when the last fact of both goes. Gives
    back what was entered of each; None, where no fact of the loser's stands in its place."""
    entered = dict(EnteredSpend.objects.filter(account__in=[loser, keeper]).values_list("account", "amount"))
    if loser not in entered:
        return None
    EnteredSpend.objects.filter(account=loser).delete()
    if keeper not in entered:
        entered[keeper] = Account.objects.values_list("lifetime_spend", flat=True).get(pk=keeper)
    both = {"amount": entered[keeper] + entered[loser]}
    EnteredSpend.objects.update_or_create(account_id=keeper, defaults=both)
    return {"keeper": str(entered[keeper]), "loser": str(entered[loser])}


def _enter_again(done: dict[str, str | None], loser: int, keeper: int) -> list[str]:
    """Before both are derived anew, which would take what the two had together for the keeper's own."""
    EnteredSpend.objects.filter(account=keeper).update(amount=done["keeper"])
    if done["loser"] is not None:  # as merges of earlier versions say it where there was none
        row = EnteredSpend(account_id=loser, amount=Decimal(done["loser"]))
        EnteredSpend.objects.bulk_create([row], ignore_conflicts=True)
    return []


def _come_back(done: None, loser: int, keeper: int) -> list[str]:
    return []


def register_owned_rows() -> None:
    """What the room's slots give to merges and erasures."""
    bought = exported(Purchase, "contact", "external_id", "purchased_at", "currency")
    for name, owned in {
        "contracts": OwnedRows("crm.Contract", "account", ("contract", "contracts"), "move", "keep"),
        "payments": OwnedRows("crm.Payment", "account", ("payment", "payments"), "move", "keep"),
        "purchases": OwnedRows("crm.Purchase", "account", ("purchase", "purchases"), "move", "keep"),
        "contact_purchases": OwnedRows(
            "crm.Purchase", "contact", ("purchase", "purchases"), "move", "forget", bought,
            told=slots.Told("What you bought", lambda row: "You bought something", lambda row: row["purchased_at"]),
        ),
        "cancellations": OwnedRows("crm.Cancellation", "account", ("cancellation", "cancellations"), "move", "keep"),
        "movements": OwnedRows("crm.MrrMovement", "account", ("", ""), "move", "keep"),
        "spans": OwnedRows("crm.CustomerSpan", "account", ("", ""), Moving(_forget_spans, _come_back), "keep"),
        "entered_spend": OwnedRows(
            "crm.EnteredSpend", "account", ("", ""), Moving(_enter_together, _enter_again), "keep"
        ),
    }.items():  # fmt: skip
        slots.owned_rows.register(name, owned)
