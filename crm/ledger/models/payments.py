"""What was asked of customers, what they paid, and what they got back."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from crm.history.tracking import changes_of
from crm.team.models import VisibleQuerySet
from crm.web import clock, wording


class Payment(models.Model):
    """One amount that was due: open, paid, failed for now, or given up. Facts of billing, at a booked rate."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        PARTLY_REFUNDED = "partly_refunded", "Partly refunded"
        REFUNDED = "refunded", "Refunded"
        VOID = "void", "Void"

    #: With these the money has come in, whatever went back since.
    RECEIVED = (Status.PAID, Status.PARTLY_REFUNDED, Status.REFUNDED)

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="payments")
    contract = models.ForeignKey("crm.Contract", models.SET_NULL, null=True, blank=True, related_name="payments")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    due_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=8, default=1)  # to the reporting currency, when booked
    status = models.CharField(max_length=15, choices=Status, default=Status.OPEN)
    attempts = models.PositiveSmallIntegerField(default=0)  # how often it was tried
    failed_at = models.DateTimeField(null=True, blank=True)  # the last time that it failed
    failure_reason = models.CharField(max_length=200, blank=True)
    refunded = models.DecimalField(max_digits=14, decimal_places=2, default=0)  # the sum of its refunds
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="payment_external_id_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_not_negative"),
            models.CheckConstraint(condition=Q(refunded__gte=0, refunded__lte=F("amount")), name="payment_refund_fits"),
            models.CheckConstraint(
                condition=Q(status__in=("open", "failed", "void")) | Q(paid_at__isnull=False),
                name="payment_paid_at_some_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="payment_unpaid", condition=Q(status__in=("open", "failed"))),
            models.Index(fields=["failed_at"], name="payment_failed", condition=Q(failed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return wording.money(self.amount, self.currency)


class RefundQuerySet(VisibleQuerySet["Refund"]):
    owner_path = "payment__account__owner"


class Refund(models.Model):
    """Money that went back. Never more than was paid: `crm.ledger.actions.payments.refund` looks, under a lock."""

    payment = models.ForeignKey(Payment, models.CASCADE, related_name="refunds")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)  # in the payment's currency
    refunded_at = models.DateTimeField()

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="refund_external_id_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive"),
        ]

    def __str__(self) -> str:
        return f"Refund of {self.amount}"


class PaymentChange(
    changes_of(  # type: ignore[misc]
        Payment,
        {
            "contract": "contract", "external_id": "external id", "due_at": "due date", "paid_at": "day of payment",
            "amount": "amount", "currency": "currency", "rate": "rate of exchange", "status": "status",
            "attempts": "", "failed_at": "", "failure_reason": "reason of the failure", "refunded": "",
        },
    )
):  # fmt: skip
    """A payment as it was before somebody changed it."""


class RefundChange(
    changes_of(  # type: ignore[misc]
        Refund, {"amount": "amount", "refunded_at": "day of the refund", "external_id": "external id"}
    )
):
    """A refund as it was before somebody changed it."""
