"""The ledger in the API: contracts with their terms, payments with their refunds, purchases with their items."""

from crm.ledger.api.contracts import ContractResource
from crm.ledger.api.payments import PaymentResource
from crm.ledger.api.purchases import PurchaseResource

__all__ = ["ContractResource", "PaymentResource", "PurchaseResource"]
