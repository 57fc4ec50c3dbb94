"""Product usage, counted by account, contact, feature and day. Single events are too many to keep."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from crm.accounts.models import Account, Contact


class UsageDay(models.Model):
    """How often a feature was used on one day. Files set the count and do not add to it.

    Whoever writes here holds the lock that imports, merges and erasures share.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)  # see the constraint
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="+")
    feature = models.CharField(max_length=120)
    day = models.DateField()
    count = models.PositiveIntegerField()
    last_at = models.DateTimeField(null=True)  # the latest use of the day; null: none, or nobody noted it
    file = models.BigIntegerField(null=True)  # the import that has set the count; null: something else has

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "account", "feature", "day", "contact", name="usage_day_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(count__gte=0), name="usage_count_not_negative"),
        ]
        indexes = [models.Index(fields=["feature", "day"], name="usage_of_feature")]  # who used it lately

    def __str__(self) -> str:
        return f"{self.feature} {self.day}: {self.count}"


class UsageBefore(models.Model):
    """A day as it was before a file set its count anew, for the undo of that file."""

    import_id = models.BigIntegerField()
    day_id = models.BigIntegerField()
    count = models.PositiveIntegerField(null=True)  # null: the day came with a file that was undone since
    last_at = models.DateTimeField(null=True)
    file = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("import_id", "day_id", name="usage_before_once")]

    def __str__(self) -> str:
        return f"day {self.day_id} before import {self.import_id}: {self.count}"


class UsageHabit(models.Model):
    """What a customer used lately, and whether that is much: written by a nightly walk (retention.usage.habits).

    Whoever used nothing within its window has none.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    plan = models.CharField(max_length=120, blank=True)  # among whose customers they are compared
    active_days = models.SmallIntegerField()
    interests = ArrayField(models.CharField(max_length=120))  # the features used most, the first first
    shares = ArrayField(models.SmallIntegerField())  # of all uses, per cent, in the same order
    heavy = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["account"], name="habit_heavy", condition=Q(heavy=True))]

    def __str__(self) -> str:
        return f"{self.active_days} days, {', '.join(self.interests)}"
