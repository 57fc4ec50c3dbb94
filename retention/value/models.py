"""What customers are worth, as the last walk found it; and which products go together."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from crm.accounts.models import Account
from crm.history.tracking import changes_of
from crm.team.models import VisibleQuerySet
from retention.value import rules


class ValueSettings(models.Model):
    """What an hour with a customer costs, in one row."""

    cost_per_hour = models.DecimalField(  # reporting currency
        max_digits=10, decimal_places=2, default=Decimal(60), validators=[MinValueValidator(0)]
    )
    minutes_per_reply = models.PositiveSmallIntegerField(default=10, validators=[MaxValueValidator(480)])
    #: Of a call, a meeting or an interview of which nobody noted how long it took.
    minutes_per_touch = models.PositiveSmallIntegerField(default=20, validators=[MaxValueValidator(480)])

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="valuesettings_one_row")]

    def __str__(self) -> str:
        return f"{self.cost_per_hour} an hour"

    @classmethod
    def the_only(cls) -> Self:
        """The row as it is; whoever only reads writes none."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class ValueSettingsChange(
    changes_of(  # type: ignore[misc]
        ValueSettings,
        {
            "cost_per_hour": "cost of an hour", "minutes_per_reply": "minutes of a reply",
            "minutes_per_touch": "minutes of a call",
        },
    )
):  # fmt: skip
    """What an hour cost before somebody changed it."""


class AccountValue(models.Model):
    """One narrow row for each customer, and for whoever paid or was served: written by a nightly walk alone.

    Money is in the reporting currency. The last four columns are judged from the others, by `rules`.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    plan = models.CharField(max_length=120, blank=True)  # among whose customers they are compared
    spend = models.DecimalField(max_digits=18, decimal_places=2)
    minutes = models.IntegerField()  # of our people, for them
    cost = models.DecimalField(max_digits=18, decimal_places=2)
    margin = models.DecimalField(max_digits=18, decimal_places=2)
    uses = models.BigIntegerField()
    uses_before = models.BigIntegerField()
    csat = models.SmallIntegerField(null=True)  # per cent of answers that are good; null: nobody answered
    complaints = models.IntegerField()
    payments = models.IntegerField()
    late = models.IntegerField()
    typical = models.BigIntegerField(null=True)  # uses of the median customer of their plan
    met = ArrayField(models.CharField(max_length=10), default=list)  # codes of rules.FACTORS
    ready = models.BooleanField(default=False)
    verdict = models.CharField(max_length=6, choices=rules.VERDICTS, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["margin", "account"], condition=Q(verdict=rules.COSTS), name="value_that_costs"),
            models.Index(fields=["-spend", "account"], condition=Q(verdict=rules.GROW), name="value_to_grow"),
        ]

    def __str__(self) -> str:
        return f"{self.spend} − {self.cost} = {self.margin}"

    @property
    def score(self) -> int:
        """How many of the seven factors hold."""
        return len(self.met)


class ProductPair(models.Model):
    """Who bought `product` also bought `other`: `lift` times as often as everybody. Written every night."""

    product = models.CharField(max_length=200)
    other = models.CharField(max_length=200)
    buyers = models.IntegerField()  # of `product`
    together = models.IntegerField()
    lift = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        constraints = [models.UniqueConstraint("product", "other", name="productpair_once")]

    def __str__(self) -> str:
        return f"{self.product} → {self.other}: {self.lift}"
