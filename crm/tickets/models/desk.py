"""What admins and leads set up: categories, service levels, canned answers, and how the desk behaves."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.team.models import Team
from crm.web import clock


class TicketSettings(models.Model):
    """How the desk behaves, in one row."""

    #: Mail to one of these begins a ticket, in lower case. They must be delivered to the mailbox that is read.
    addresses = ArrayField(models.EmailField(), default=list, blank=True)
    acknowledges = models.BooleanField(default=True)
    acknowledgement = models.TextField(blank=True)  # Liquid; blank: the one that comes along
    asks_for_rating = models.BooleanField(default=True)
    closes_after_days = models.PositiveSmallIntegerField(default=7)  # after it was solved; 0: never by itself
    warns_at = models.PositiveSmallIntegerField(default=75)  # per cent of a limit that are used
    rates_every_days = models.PositiveSmallIntegerField(default=14)  # nobody is asked more often; 0: each time

    ONLY: ClassVar = 1

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="ticketsettings_one_row")]

    def __str__(self) -> str:
        return "The desk"

    @classmethod
    def the_only(cls) -> Self:
        """The row; one with the defaults, not stored, while there is none."""
        return cls.objects.filter(pk=cls.ONLY).first() or cls(pk=cls.ONLY)


class AssignsBy(models.TextChoices):
    """How a new ticket finds somebody of ours."""

    NOBODY = "nobody", "Nobody: whoever is free takes it"
    OWNER = "owner", "The customer’s owner"
    TURN = "turn", "In turn"
    LEAST = "least", "Whoever has the fewest open tickets"


class TicketCategory(models.Model):
    """What tickets are about. Archived, never deleted: old tickets keep it."""

    name = models.CharField(max_length=60)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")  # who gets such tickets
    assigns_by = models.CharField(max_length=8, choices=AssignsBy, blank=True)  # blank: as the team does
    order = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("order", "name", "id")
        constraints = [models.UniqueConstraint(Lower("name"), name="ticketcategory_name_once")]

    def __str__(self) -> str:
        return self.name


class ServiceLevel(models.Model):
    """Until when tickets of some customers are answered and solved. Of several that fit, the first by order counts."""

    name = models.CharField(max_length=60)
    tiers = ArrayField(models.CharField(max_length=20), default=list, blank=True)  # of accounts; empty: all
    #: Minutes by priority: {"urgent": {"answer": 60, "solve": 480}, …}; what is missing has no limit.
    targets: models.JSONField[Any, Any] = models.JSONField(default=dict)
    always = models.BooleanField(default=False)  # the clock goes on outside business hours
    order = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("order", "id")
        constraints = [models.UniqueConstraint(Lower("name"), name="servicelevel_name_once")]

    def __str__(self) -> str:
        return self.name


class Rota(models.Model):
    """How the tickets of a team find one of its members; the row without a team is of those that no team has."""

    team = models.OneToOneField(Team, models.CASCADE, null=True, related_name="+")
    assigns_by = models.CharField(max_length=8, choices=AssignsBy, default=AssignsBy.NOBODY)
    last = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # who got one last

    class Meta:
        constraints = [models.UniqueConstraint("team", name="rota_once", nulls_distinct=False)]

    def __str__(self) -> str:
        return f"the rota of {self.team or 'those without a team'}"


class Macro(models.Model):
    """A canned answer with variables, which an agent edits before it leaves, and what it sets beside."""

    name = models.CharField(max_length=80)
    body = models.TextField(blank=True)  # Liquid, Markdown
    sets: models.JSONField[Any, Any] = models.JSONField(default=dict)  # status, priority, category, tags
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "id")
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="macro_name_once", nulls_distinct=False)]

    def __str__(self) -> str:
        return self.name


class BlockedSender(models.Model):
    """Whose messages begin no ticket, on one channel: an address, a whole domain as @example.com, or a handle."""

    channel = models.CharField(max_length=20)
    handle = models.CharField(max_length=254)  # lower case
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("channel", "handle", name="blockedsender_once")]

    def __str__(self) -> str:
        return self.handle
