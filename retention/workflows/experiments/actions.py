"""Making the group larger, smaller, or ending it."""

from __future__ import annotations

from datetime import datetime

from crm.history.actions import act
from crm.history.models import Act
from crm.outbox.actions import close_the_gate
from crm.team.models import User
from retention.workflows.experiments.models import HoldoutSettings

SET = "holdout.set"


def hold_out(percent: int, by: User | None, now: datetime) -> Act:
    """From this commit on so many per cent of all customers get nothing that runs by itself."""
    HoldoutSettings.objects.bulk_create([HoldoutSettings(pk=1)], ignore_conflicts=True)
    with act(SET, "changed how many customers are held out of everything", by, now) as done:
        row = HoldoutSettings.objects.select_for_update(no_key=True).get(pk=1)
        if row.percent != percent:  # those who come into it have got everything until now: it is measured anew
            row.since = now if percent else None
        row.percent = percent
        row.save()
        close_the_gate()  # what has been cleared for them is cleared again
    return done


def asked_again(done: Act, stands: bool, now: datetime) -> None:
    """An undo, or its redo, has changed it too."""
    if done.kind == SET:
        close_the_gate()
