"""What of the ledger hangs on customers and people, and what becomes of it in a merge and an erasure."""

from __future__ import annotations

from datetime import datetime

from crm import slots
from crm.ledger.models import CustomerSpan, EnteredSpend, Purchase
from crm.slots import Moving, OwnedRows, exported


def _forget_spans(loser: int, keeper: int, now: datetime) -> None:
    """They are derived from what moves, for the one that stays and, should they part again, for both."""
    CustomerSpan.objects.filter(account=loser).delete()


def _forget_entered(loser: int, keeper: int, now: datetime) -> None:
    """What stands on the account itself is what the two had together."""
    EnteredSpend.objects.filter(account=loser).delete()


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
            "crm.EnteredSpend", "account", ("", ""), Moving(_forget_entered, _come_back), "keep"
        ),
    }.items():  # fmt: skip
        slots.owned_rows.register(name, owned)
