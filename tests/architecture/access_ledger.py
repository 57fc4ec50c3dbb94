"""Who may do what with contracts, payments and purchases: who sees the customer reads them, managers write them."""

from __future__ import annotations

from typing import Any

from crm.ledger.models import Payment, Purchase
from tests.architecture.access_kinds import MANAGERS, Row, about, for_admins
from tests.conftest import NOON


def pay(world: Any, secret: str) -> None:
    """Mira's customer has paid for a contract, and bought something."""
    world.payment = Payment.objects.create(
        account=world.account, contract=world.contract, due_at=NOON, paid_at=NOON, amount=100, currency="EUR",
        status="paid", external_id=secret, failure_reason=secret,
    )  # fmt: skip
    world.purchase = Purchase.objects.create(
        account=world.account, purchased_at=NOON, currency="EUR", external_id=secret
    )
    world.purchase.items.create(place=1, product=secret, amount=5)


def _decided(methods: str = "GET POST", of: str = "contract") -> Row:
    return about(of, methods, readers=MANAGERS, writers=MANAGERS)


_VERBS = ("change", "cancellation", "saving", "reinstatement", "pause", "resumption")

ROWS: dict[str, Row] = {
    "ledger:detail": about("contract"),
    "ledger:reasons": for_admins("GET POST"),
    "money:payments": about("account"),
    "money:purchases": about("account"),
    **{f"money:new_{what}": _decided(of="account") for what in ("contract", "payment", "purchase")},
    **{f"money:{what}": _decided(of="payment") for what in ("receipt", "refund")},
    "ledger:change": _decided(),
    "ledger:cancellation": _decided(),
    **{f"ledger:{verb}": _decided("POST") for verb in ("pause", "resumption", "reinstatement")},
    **{f"api-contract-{verb}": about("contract", "POST", writers=MANAGERS) for verb in _VERBS},
    "api-payment-list": Row("GET POST", writers=MANAGERS),
    "api-payment-detail": about("payment", "GET PUT PATCH", writers=MANAGERS),
    "api-payment-refunds": about("payment", "POST", writers=MANAGERS),
    "api-purchase-list": Row("GET POST", writers=MANAGERS),
    "api-purchase-detail": about("purchase", "GET PUT PATCH", writers=MANAGERS),
}
