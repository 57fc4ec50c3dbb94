"""Forms that anybody may fill in: each is a page of its own, whose entries become tickets."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from crm.team.models import Team
from crm.tickets.models.desk import TicketCategory
from crm.web import clock


class TicketForm(models.Model):
    """A form at /f/<slug>/. It always asks for an address and a message. Archived, it takes nothing any more."""

    class Shown(models.TextChoices):
        NAME = "name", "Name"
        SUBJECT = "subject", "Subject"
        CATEGORY = "category", "What it is about, from your categories"
        FILES = "files", "Files"

    DEFAULT_SHOWN: ClassVar = (Shown.NAME.value, Shown.SUBJECT.value, Shown.FILES.value)

    name = models.CharField(max_length=80)  # its heading, too
    slug = models.SlugField(max_length=40, unique=True)
    intro = models.TextField(blank=True)  # Markdown, above the fields
    shown = ArrayField(models.CharField(max_length=10, choices=Shown), default=list, blank=True)
    #: Of its tickets; a category that the customer chooses comes before it.
    category = models.ForeignKey(TicketCategory, models.SET_NULL, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    thanks = models.TextField(blank=True)  # Markdown, after it was sent; blank: the one that comes along
    #: Of pages that may show it in a frame: https://www.example.com
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("ticket_forms:form", args=[self.slug])

    def asks(self, field: str) -> bool:
        return field in self.shown
