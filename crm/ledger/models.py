"""Contracts and their booked terms: who was a customer on which day, and for how much."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from crm.history.tracking import changes_of
from crm.team.models import VisibleQuerySet
from crm.web import clock


class Contract(models.Model):
    """A subscription of an account to a plan. Its terms say when it runs and what it costs."""

    class Status(models.TextChoices):
        EXPECTED = "expected", "Expected"  # sold, and nobody has confirmed it: it counts for nothing
        TRIAL = "trial", "Trial"
        PAID = "paid", "Paid"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"

    #: With these an account is a customer while a term runs.
    COUNTS = (Status.PAID, Status.PAUSED)
    #: What billing may say of one; only a sale of ours makes one expected.
    REPORTED = ("trial", "paid", "paused", "cancelled")

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="contracts")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    plan = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PAID)
    auto_renew = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("external_id", name="contract_external_id_once")]
        indexes = [
            models.Index(
                fields=["updated_at"], name="contract_renewing_by_change", condition=Q(auto_renew=True, status="paid")
            )
        ]

    def __str__(self) -> str:
        return self.plan or f"Contract {self.pk}"


class TermQuerySet(VisibleQuerySet["ContractTerm"]):
    owner_path = "contract__account__owner"

    def covering(self, day: date) -> Self:
        """Terms that run on `day`: half-open, `ends_on` is the first day without service."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=day), starts_on__lte=day)

    def of_customers(self) -> Self:
        return self.filter(contract__status__in=Contract.COUNTS)


class ContractTerm(models.Model):
    """A stretch of a contract at one price. Renewals are further terms, booked by `book_renewals`."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="terms")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)  # the first day without service; null: open
    mrr = models.DecimalField(max_digits=14, decimal_places=2)  # a month, in the contract's currency
    rate = models.DecimalField(max_digits=18, decimal_places=8, default=1)  # to the reporting currency, when booked
    known_at = models.DateTimeField(default=clock.now)  # when these dates became known: history fires nothing

    objects = TermQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("contract", "starts_on", name="term_start_once"),
            models.CheckConstraint(condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")), name="term_ends_later"),
            models.CheckConstraint(condition=Q(mrr__gte=0), name="term_mrr_not_negative"),
            ExclusionConstraint(
                name="term_no_overlap",
                expressions=[
                    ("contract", RangeOperators.EQUAL),
                    (Func("starts_on", "ends_on", function="daterange", output_field=DateRangeField()),
                     RangeOperators.OVERLAPS),
                ],
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["starts_on"], name="term_by_start"),
            models.Index(fields=["ends_on"], name="term_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on or 'open'}"


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


class ContractChange(
    changes_of(  # type: ignore[misc]
        Contract,
        {
            "plan": "plan", "status": "status", "auto_renew": "automatic renewal", "currency": "currency",
            "external_id": "external id",
        },
    )
):  # fmt: skip
    """A contract as it was before somebody changed it."""


class ContractTermChange(
    changes_of(  # type: ignore[misc]
        ContractTerm, {"starts_on": "first day", "ends_on": "end", "mrr": "MRR", "rate": "rate of exchange"}
    )
):
    """A term as it was before somebody changed it."""


class RfmScore(models.Model):
    """What a customer is worth, by recency, frequency and money: written by a nightly walk (crm.ledger.rfm).

    Beside the wide row of the account, whose updates are dear. Whoever bought nothing within two years has none.
    """

    account = models.OneToOneField("crm.Account", models.CASCADE, primary_key=True, related_name="rfm")
    last_on = models.DateField()  # when they last did something themselves
    times = models.IntegerField()  # purchases within the window
    spent = models.DecimalField(max_digits=16, decimal_places=2)  # reporting currency
    r = models.SmallIntegerField(default=0)  # scores 1…5; 0 until they are first compared
    f = models.SmallIntegerField(default=0)
    m = models.SmallIntegerField(default=0)
    code = models.CharField(max_length=12, blank=True)  # a class of crm.ledger.rfm.rules

    class Meta:
        indexes = [models.Index(fields=["code", "account"], name="rfm_by_class")]

    def __str__(self) -> str:
        return f"{self.code}: {self.r}{self.f}{self.m}"
