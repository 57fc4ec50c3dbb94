"""Reviews as they were reported, and who wants them by mail."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models

from crm.web import clock


class ReviewQuerySet(models.QuerySet["MonthlyReview"]):
    def visible_to(self, user: Any) -> Self:
        """A review counts all customers: it is for those who see all of them."""
        return self if user.sees_everything else self.none()


class MonthlyReview(models.Model):
    """What was reported of a month. Never changed: what turns out otherwise stands beside it on the page."""

    month = models.DateField(unique=True)  # its first day
    facts = models.JSONField()  # of retention.reports.rules.Facts
    made_at = models.DateTimeField(default=clock.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(month__day=1), name="review_of_a_whole_month"),
        ]

    def __str__(self) -> str:
        return f"Review of {self.month:%B %Y}"


class ReviewReader(models.Model):
    """One of us who wants each review by mail, from the next one on."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    since = models.DateTimeField(default=clock.now)
    told_until = models.DateField(null=True)  # the last month that was dealt with

    def __str__(self) -> str:
        return f"Reviews for {self.user_id}"
