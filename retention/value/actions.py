"""What admins set about the cost of an hour, after which everything is counted anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm.history.actions import act
from crm.history.models import Act
from crm.team.models import User
from retention.value.models import ValueSettings
from retention.value.walking import begin_anew

SET = "value.set"


def set_prices(values: Mapping[str, Any], by: User | None, now: datetime) -> Act:
    """Keep them, and begin the count again."""
    ValueSettings.objects.bulk_create([ValueSettings(pk=1)], ignore_conflicts=True)
    with act(SET, "changed what an hour with a customer costs", by, now) as done:
        row = ValueSettings.objects.select_for_update(no_key=True).get(pk=1)
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        begin_anew()
    return done


def count_anew(done: Act, stands: bool, now: datetime) -> None:
    """An undo has changed it too."""
    if done.kind == SET:
        begin_anew()
