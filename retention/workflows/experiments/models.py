"""The group of all customers that gets nothing that runs by itself."""

from __future__ import annotations

from typing import Self

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from crm.history.tracking import changes_of

#: Of a group that is held out, in per cent. With more, what helps would be kept from most to be measured in few.
MOST = 50


class HoldoutSettings(models.Model):
    """How large that group is, in one row."""

    percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(MOST)])
    since = models.DateTimeField(null=True)  # when there began to be one; null while there is none

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="holdoutsettings_one_row"),
            models.CheckConstraint(condition=Q(percent__lte=MOST), name="holdoutsettings_at_most_half"),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % held out"

    @classmethod
    def the_only(cls) -> Self:
        """The row as it is; whoever only reads writes none."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class HoldoutSettingsChange(
    changes_of(HoldoutSettings, {"percent": "per cent held out", "since": "held out since"})  # type: ignore[misc]
):
    """How large it was before somebody changed it."""
