"""What admins shape: pipelines, their stages, and why deals are lost."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.history.tracking import changes_of
from crm.web import clock
from crm.web.addresses import address


class Outcome(models.TextChoices):
    """How a stage leaves the deals in it. Of a pipeline's stages in use, one wins and one loses."""

    OPEN = "open", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"


class PipelineQuerySet(models.QuerySet["Pipeline"]):
    def in_use(self) -> Self:
        return self.filter(archived_at=None)


class Pipeline(models.Model):
    """A way that deals go, by stages. Archived, never deleted: its deals keep it."""

    class Purpose(models.TextChoices):
        SALES = "sales", "Sales"
        ONBOARDING = "onboarding", "Onboarding"
        UPSELL = "upsell", "Upsell"
        WIN_BACK = "win_back", "Win-back"
        RENEWAL = "renewal", "Renewal"
        OTHER = "other", "Something else"

    name = models.CharField(max_length=60)
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.OTHER)  # what insight compares by
    books = models.BooleanField(default=True)  # a deal that is won books a contract
    order = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = PipelineQuerySet.as_manager()

    class Meta:
        ordering = ("order", "name", "id")
        constraints = [models.UniqueConstraint(Lower("name"), condition=Q(archived_at=None), name="pipeline_name_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("pipelines:board", self.pk)


class StageQuerySet(models.QuerySet["Stage"]):
    def in_use(self) -> Self:
        return self.filter(archived_at=None)


class Stage(models.Model):
    """One column of a board. Archived, never deleted: what deals went through keeps its name."""

    #: Names of colours of the style sheet, each light and dark.
    COLOURS: ClassVar = ("grey", "blue", "teal", "green", "amber", "red", "violet", "pink")

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=60)
    colour = models.CharField(max_length=8, choices=[(name, name.capitalize()) for name in COLOURS], default="grey")
    outcome = models.CharField(max_length=4, choices=Outcome, default=Outcome.OPEN)
    probability = models.PositiveSmallIntegerField(default=50)  # per cent of its deals that are won
    expected_days = models.PositiveSmallIntegerField(null=True, blank=True)  # longer is stuck; blank: never
    #: [{"id": "a1", "label": "Budget is known"}, …]: all are ticked before a deal leaves it forwards.
    checklist: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    #: Fields of a deal, “custom.…” among them, that are filled in before it enters.
    required = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ("order", "id")
        constraints = [
            models.UniqueConstraint("pipeline", Lower("name"), condition=Q(archived_at=None), name="stage_name_once"),
            models.UniqueConstraint(
                "pipeline", "outcome", condition=Q(archived_at=None) & ~Q(outcome="open"), name="stage_outcome_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome="open", probability__lte=100)
                | Q(outcome="won", probability=100)
                | Q(outcome="lost", probability=0),
                name="stage_probability",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LossReason(models.Model):
    """Why a deal was lost. Archived, never deleted: old deals keep it."""

    name = models.CharField(max_length=80)
    order = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("order", "name", "id")
        constraints = [models.UniqueConstraint(Lower("name"), name="lossreason_name_once")]

    def __str__(self) -> str:
        return self.name


class PipelineChange(
    changes_of(  # type: ignore[misc]
        Pipeline,
        {"name": "name", "purpose": "purpose", "books": "books contracts", "order": "order", "archived_at": "archived"},
    )
):
    """A pipeline as it was before somebody changed it."""


class StageChange(
    changes_of(  # type: ignore[misc]
        Stage,
        {
            "name": "name", "colour": "colour", "outcome": "outcome", "probability": "probability",
            "expected_days": "expected days", "checklist": "checklist", "required": "required fields",
            "order": "order", "archived_at": "archived",
        },
    )
):  # fmt: skip
    """A stage as it was before somebody changed it."""


class LossReasonChange(
    changes_of(LossReason, {"name": "name", "order": "order", "archived_at": "archived"})  # type: ignore[misc]
):
    """A reason as it was before somebody changed it."""
