"""What files bring into the ledger: contracts, purchases, payments."""

from crm.ledger.actions.imports.contracts import register_contracts
from crm.ledger.actions.imports.payments import register_payments
from crm.ledger.actions.imports.purchases import register_purchases

__all__ = ["register_imports"]


def register_imports() -> None:
    """What the room's slots give to the imports."""
    register_contracts()
    register_purchases()
    register_payments()
