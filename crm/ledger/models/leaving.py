"""Why customers cancel, and what kept those who stayed after all."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.history.tracking import changes_of
from crm.team.models import VisibleQuerySet
from crm.web import clock


class CancelReason(models.Model):
    """Why somebody leaves. Archived, never deleted: old cancellations keep it."""

    name = models.CharField(max_length=80)
    order = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("order", "name", "id")
        constraints = [models.UniqueConstraint(Lower("name"), name="cancelreason_name_once")]

    def __str__(self) -> str:
        return self.name


class Cancellation(models.Model):
    """Somebody asked to leave. Either the contract ends on a day, or a pause or a discount has kept them."""

    class SavedBy(models.TextChoices):
        PAUSE = "pause", "A pause"
        DISCOUNT = "discount", "A discount"

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="cancellations")
    contract = models.ForeignKey("crm.Contract", models.CASCADE, related_name="cancellations")
    reason = models.ForeignKey(CancelReason, models.PROTECT, related_name="+")
    note = models.CharField(max_length=400, blank=True)
    asked_on = models.DateField()
    effective_on = models.DateField(null=True, blank=True)  # the first day without the contract; null: saved
    saved_by = models.CharField(max_length=10, choices=SavedBy, null=True, blank=True)
    withdrawn_on = models.DateField(null=True, blank=True)  # when the contract was reinstated
    took = models.JSONField(default=dict)  # from the contract, to be given back when it is withdrawn before its day
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(saved_by=None, effective_on__isnull=False)
                | Q(saved_by__isnull=False, effective_on=None, withdrawn_on=None),
                name="cancellation_leaves_or_is_saved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.effective_on or self.saved_by}"


class CancelReasonChange(
    changes_of(CancelReason, {"name": "name", "order": "order", "archived_at": "archived"})  # type: ignore[misc]
):
    """A reason as it was before somebody changed it."""


class CancellationChange(
    changes_of(  # type: ignore[misc]
        Cancellation,
        {"note": "note", "effective_on": "last day", "withdrawn_on": "withdrawn on", "saved_by": "kept by"},
    )
):
    """A cancellation as it was before somebody changed it."""
