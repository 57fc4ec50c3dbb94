"""What is offered to whoever wants to leave, within which limits, and what customers answered."""

from __future__ import annotations

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from crm.history.tracking import changes_of
from crm.leaving import rules
from crm.team.models import VisibleQuerySet
from crm.web import clock


class LeavingPolicy(models.Model):
    """What holds for the page as a whole, in one row."""

    link_days = models.PositiveSmallIntegerField(default=30, validators=[MinValueValidator(1), MaxValueValidator(365)])
    every_days = models.PositiveSmallIntegerField(
        default=365, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )  # between two pauses, and between two discounts, of a customer
    afterwards = models.CharField(max_length=600, blank=True)  # what happens when it has ended, to the customer

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="leavingpolicy_one_row")]

    def __str__(self) -> str:
        return f"links of {self.link_days} days"

    @classmethod
    def the_only(cls) -> Self:
        """The row as it is; whoever only reads writes none."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class LeavingOffer(models.Model):
    """What fits a reason. A reason without one has nothing to offer, and the page says so by leaving it out."""

    reason = models.OneToOneField("crm.CancelReason", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=tuple(rules.OFFERS.items()))
    percent = models.PositiveSmallIntegerField(default=0)  # of a discount …
    months = models.PositiveSmallIntegerField(default=0)  # … for so many months
    words = models.CharField(max_length=300, blank=True)  # to the customer, beside what it is

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind=rules.DISCOUNT) | Q(percent__range=(1, 100), months__range=(1, 24)),
                name="leavingoffer_discount_is_one",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def offer(self) -> rules.Offer:
        return rules.Offer(self.kind, self.percent, self.months, self.words)


class LeavingAnswer(models.Model):
    """What a customer decided on the page. Its consequences are the ledger's, or a task."""

    TOOK = (*rules.OFFERS.items(), (rules.END, "It ends"))

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="+")
    contract = models.ForeignKey("crm.Contract", models.CASCADE, related_name="+")
    reason = models.ForeignKey("crm.CancelReason", models.PROTECT, related_name="+")
    offered = models.CharField(max_length=10, choices=tuple(rules.OFFERS.items()), blank=True)
    took = models.CharField(max_length=10, choices=TOOK)
    asked_on = models.DateField()
    effective_on = models.DateField(null=True)  # the first day without it, where it ends
    created_at = models.DateTimeField(default=clock.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "contract", "took", "asked_on", condition=Q(took__in=(rules.SMALLER, rules.TALK)),
                name="leavinganswer_asked_once_a_day",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["asked_on"], name="leavinganswer_by_day")]

    def __str__(self) -> str:
        return f"{self.reason}: {self.took}"


class LeaveLinks(models.Model):
    """Which links to leave a contract are believed: those of the present edition. No row: the first, 0."""

    contract = models.OneToOneField("crm.Contract", models.CASCADE, related_name="+")
    edition = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.contract_id}: edition {self.edition}"


class LeavingPolicyChange(
    changes_of(  # type: ignore[misc]
        LeavingPolicy,
        {"link_days": "days of a link", "every_days": "days between offers", "afterwards": "what happens afterwards"},
    )
):
    """The policy as it was before somebody changed it."""


class LeavingOfferChange(
    changes_of(  # type: ignore[misc]
        LeavingOffer, {"kind": "offer", "percent": "percent", "months": "months", "words": "words"}
    )
):
    """An offer as it was before somebody changed it."""
