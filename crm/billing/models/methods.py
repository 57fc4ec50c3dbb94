"""How customers pay."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from django.db import models
from django.db.models import Q

from crm.team.models import VisibleQuerySet
from crm.web import clock


class PaymentMethod(models.Model):
    """A card, or another way to pay. Never its number: its last four digits, and when it ends."""

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="payment_methods")
    external_id = models.CharField(max_length=120)
    brand = models.CharField(max_length=40, blank=True)  # visa, sepa_debit, …
    last4 = models.CharField(max_length=4, blank=True)
    exp_year = models.PositiveSmallIntegerField(null=True)
    exp_month = models.PositiveSmallIntegerField(null=True)
    #: The first day on which it is not valid any more; of what never ends, null.
    expires_on = models.DateField(null=True)
    is_default = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField(default=clock.now)
    known_at = models.DateTimeField(default=clock.now)  # when its end became known

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="paymentmethod_once"),
            models.CheckConstraint(
                condition=Q(exp_month=None) | Q(exp_month__range=(1, 12)), name="paymentmethod_month_of_a_year"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_on"], name="paymentmethod_ending", condition=Q(removed_at=None)),
        ]

    def __str__(self) -> str:
        brand = (self.brand or "card").replace("_", " ").capitalize()
        return f"{brand} ending in {self.last4}" if self.last4 else brand


def first_day_after(year: int, month: int) -> date:
    """A card is valid to the last day of its month."""
    return date(year, month, monthrange(year, month)[1]) + timedelta(days=1)
