"""That one thing brings far more tickets than it used to."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from crm.team.models import VisibleQuerySet
from crm.tickets.models.desk import TicketCategory
from crm.tickets.rules.overload import usual_words


class TicketOverload(models.Model):
    """A spell in which a category brings far more tickets than before: of one customer, or of all."""

    category = models.ForeignKey(TicketCategory, models.CASCADE, related_name="+", db_index=False)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="+")  # blank: of all customers
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    found = models.PositiveIntegerField()  # tickets within the days that are looked at, at its worst
    usual = models.FloatField()  # how many they would be, by what was before

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "category", "account", condition=Q(ended_at=None), nulls_distinct=False, name="overload_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="overload_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.found} tickets about {self.category_id}"

    @property
    def usual_words(self) -> str:
        return usual_words(self.usual)
