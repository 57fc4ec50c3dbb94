"""What customers said of how they were helped."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.outbox.models import OutboundMessage
from crm.team.models import Team, VisibleQuerySet
from crm.tickets.models.desk import TicketCategory
from crm.tickets.models.tickets import Ticket, TicketSpell
from crm.web import clock


def new_token() -> str:
    return secrets.token_urlsafe(16)  # 128 bits


class TicketRating(models.Model):
    """One question after one solving. Who had solved it stands here, as it was then."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="ratings")
    spell = models.OneToOneField(TicketSpell, models.CASCADE, related_name="+")  # the solving
    account = models.ForeignKey("crm.Account", models.SET_NULL, null=True, related_name="+")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, related_name="+")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+")
    category = models.ForeignKey(TicketCategory, models.SET_NULL, null=True, related_name="+")
    token = models.CharField(max_length=40, unique=True, default=new_token)
    asked_at = models.DateTimeField(default=clock.now)
    because = models.CharField(max_length=200, blank=True)  # why nobody is asked; blank: they are
    outbound = models.OneToOneField(OutboundMessage, models.SET_NULL, null=True, related_name="+")
    score = models.PositiveSmallIntegerField(null=True)  # 1 … 5; 4 and 5 are good
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(score=None) | Q(score__range=(1, 5)), name="rating_one_to_five"),
            models.CheckConstraint(
                condition=Q(score=None, answered_at=None) | Q(score__isnull=False, answered_at__isnull=False),
                name="rating_answered_has_score",
            ),
        ]
        indexes = [
            models.Index(fields=["-answered_at", "-id"], condition=Q(score__isnull=False), name="rating_latest"),
            models.Index(fields=["contact", "-asked_at"], condition=Q(because=""), name="rating_of_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.score or 'no answer'} for {self.ticket_id}"
