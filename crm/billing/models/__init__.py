"""What billing systems said, whose it is, how customers pay, and what is asked of the systems."""

from crm.billing.models.asking import BillingDifference, BillingLook, PaymentAttempt
from crm.billing.models.facts import BillingCustomer, BillingFact, BillingObject
from crm.billing.models.methods import PaymentMethod
from crm.billing.models.standing import BillingSettings
from crm.billing.models.wishes import BillingWish

__all__ = [
    "BillingCustomer", "BillingDifference", "BillingFact", "BillingLook", "BillingObject", "BillingSettings",
    "BillingWish",    "PaymentAttempt", "PaymentMethod",
]  # fmt: skip
