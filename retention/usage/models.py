"""Product usage, counted by account, contact, feature and day. Single events are too many to keep."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.accounts.models import Account, Contact


class UsageDay(models.Model):
    """How often a feature was used on one day. Files set the count and do not add to it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="+")
    feature = models.CharField(max_length=120)
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "account", "feature", "day", "contact", name="usage_day_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(count__gte=0), name="usage_count_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.feature} {self.day}: {self.count}"
