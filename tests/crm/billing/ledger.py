"""What the ledger holds, without what tells when it was written or by which road."""

from __future__ import annotations

from typing import Any

from crm.ledger.models import Contract, ContractTerm, CustomerSpan, Payment, Refund


def held() -> dict[str, Any]:
    """All facts, and what follows from them."""
    rows: dict[str, Any] = {
        "contracts": Contract.objects.order_by("external_id").values_list(
            "external_id", "account__name", "plan", "status", "auto_renew", "currency", "paid_from", "cancelled_on"),
        "terms": ContractTerm.objects.order_by("contract__external_id", "starts_on").values_list(
            "contract__external_id", "starts_on", "ends_on", "mrr", "rate", "period_starts_on"),
        "payments": Payment.objects.order_by("external_id").values_list(
            "external_id", "contract__external_id", "due_at", "paid_at", "amount", "currency", "rate", "status",
            "attempts", "failed_at", "failure_reason", "refunded"),
        "refunds": Refund.objects.order_by("external_id").values_list(
            "external_id", "payment__external_id", "amount", "refunded_at"),
        "spans": CustomerSpan.objects.order_by("starts_on").values_list("starts_on", "ends_on", "mrr"),
    }  # fmt: skip
    return {name: list(found) for name, found in rows.items()}
