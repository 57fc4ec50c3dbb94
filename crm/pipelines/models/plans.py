"""Plans for key accounts: where a customer is to be in a year, and what stands in the way."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.history.tracking import changes_of
from crm.team.models import VisibleQuerySet
from crm.web import clock


class KeyAccountPlanQuerySet(VisibleQuerySet["KeyAccountPlan"]):
    owner_path: ClassVar[str] = "account__owner"


class KeyAccountPlan(models.Model):
    """What we want for a customer who matters, one for each."""

    account = models.OneToOneField("crm.Account", models.CASCADE, related_name="key_plan")
    goal = models.TextField()  # theirs, in their words
    from_plan = models.CharField(max_length=120, blank=True)
    to_plan = models.CharField(max_length=120, blank=True)  # basic → pro
    mrr_now = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)  # reporting currency
    mrr_aimed = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)  # reporting currency
    aimed_on = models.DateField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)  # when both look at it again
    in_the_way = models.TextField(blank=True)
    next_step = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = KeyAccountPlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mrr_aimed=None) | Q(mrr_aimed__gte=0), name="keyplan_mrr_not_negative")
        ]

    def __str__(self) -> str:
        return f"Plan for {self.account_id}"

    @property
    def version(self) -> str:
        """Tells whether somebody has written it since it was read."""
        return self.updated_at.isoformat()


class KeyAccountPlanChange(
    changes_of(  # type: ignore[misc]
        KeyAccountPlan,
        {
            "goal": "goal", "from_plan": "plan now", "to_plan": "plan aimed at", "mrr_now": "MRR now",
            "mrr_aimed": "MRR aimed at", "aimed_on": "day", "review_on": "day of the review",
            "in_the_way": "what stands in the way", "next_step": "next step", "account": "",
        },
    )
):  # fmt: skip
    """A plan as it was before somebody changed it."""
