"""The ledger's tables: facts that people and billing write, and what is derived from them."""

from crm.ledger.models.contracts import (
    Contract,
    ContractChange,
    ContractTerm,
    ContractTermChange,
    TermQuerySet,
)
from crm.ledger.models.derived import CustomerSpan, EnteredSpend, MrrMovement, RfmScore
from crm.ledger.models.leaving import Cancellation, CancellationChange, CancelReason, CancelReasonChange
from crm.ledger.models.payments import Payment, PaymentChange, Refund, RefundChange
from crm.ledger.models.purchases import Purchase, PurchaseChange, PurchaseItem, PurchaseItemChange
from crm.ledger.models.rates import CurrencyRate

__all__ = [
    "CancelReason", "CancelReasonChange", "Cancellation", "CancellationChange", "Contract", "ContractChange",
    "ContractTerm", "ContractTermChange", "CurrencyRate", "CustomerSpan", "EnteredSpend", "MrrMovement", "Payment",
    "PaymentChange", "Purchase", "PurchaseChange", "PurchaseItem", "PurchaseItemChange", "Refund", "RefundChange",
    "RfmScore", "TermQuerySet",
]  # fmt: skip
