"""Contracts and their booked terms: who was a customer on which day, and for how much."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from crm.history.tracking import changes_of
from crm.ledger import rules
from crm.team.models import VisibleQuerySet
from crm.web import clock


class Contract(models.Model):
    """A subscription of an account to a plan. Its terms say when it runs and what it costs.

    Whoever changes `status` does it through `turn`, or by the SQL of crm.ledger.actions.standing: the two days follow.
    """

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
    paid_from = models.DateField(null=True, blank=True)  # where a trial came before: earlier days count for nothing
    cancelled_on = models.DateField(null=True, blank=True)  # from this day on its terms count for nothing
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("external_id", name="contract_external_id_once"),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_on__isnull=False)
                | (~Q(status="cancelled") & Q(cancelled_on=None)),
                name="contract_cancelled_on_a_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["updated_at"], name="contract_renewing_by_change", condition=Q(auto_renew=True, status="paid")
            )
        ]

    def __str__(self) -> str:
        return self.plan or f"Contract {self.pk}"

    def turn(self, status: str, today: date) -> None:
        """Take a status, with the days that it brings; nothing is saved. A new contract turns from no status."""
        was = None if self._state.adding else rules.Standing(self.status, self.paid_from, self.cancelled_on)
        now = rules.turned(was, status, today)
        self.status, self.paid_from, self.cancelled_on = now.status, now.paid_from, now.cancelled_on


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
    #: Where the period began that this is a part of, since the price changed in it or it was interrupted; null: here.
    period_starts_on = models.DateField(null=True, blank=True)

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

    @property
    def period_start(self) -> date:
        """The first day of the period, as long as which the next one is when it renews."""
        return self.period_starts_on or self.starts_on


class ContractChange(
    changes_of(  # type: ignore[misc]
        Contract,
        {
            "plan": "plan", "status": "status", "auto_renew": "automatic renewal", "currency": "currency",
            "external_id": "external id", "paid_from": "", "cancelled_on": "",
        },
    )
):  # fmt: skip
    """A contract as it was before somebody changed it. The two days follow the status."""


class ContractTermChange(
    changes_of(  # type: ignore[misc]
        ContractTerm, {"starts_on": "first day", "ends_on": "end", "mrr": "MRR", "rate": "rate of exchange"}
    )
):
    """A term as it was before somebody changed it."""
