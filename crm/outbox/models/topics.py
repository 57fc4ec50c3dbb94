"""What mail to customers is about, so that they may refuse one thing and go on getting another."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class TopicQuerySet(models.QuerySet["Topic"]):
    def offered(self) -> Self:  # as people choose among them
        return self.filter(retired_at=None).order_by("order", "id")


class Topic(models.Model):
    """One thing that mail is about. Messages and contacts name it by its slug, which never changes."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60, unique=True)
    sentence = models.CharField(max_length=200, blank=True)  # what comes under it, for whoever may refuse it
    categories = ArrayField(models.CharField(max_length=15), default=list)  # of OutboundMessage that may name it
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True)  # no mail names it any more; who refused it, refused it

    objects = TopicQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(slug=""), name="topic_has_a_slug")]

    def __str__(self) -> str:
        return self.name
