"""What currencies are worth."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.web import clock


class CurrencyRate(models.Model):
    """What one unit of a currency is worth in the reporting currency, from a day on until its next rate.

    Never changed: amounts keep the rate with which they were booked. A mistake that no amount has taken is removed.
    """

    code = models.CharField(max_length=3)
    valid_from = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("code", "valid_from", name="rate_once_a_day"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.code} from {self.valid_from}"
