"""The hand-off from sales to success, and what a customer says of their goal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from crm.accounts.models import Account, HandOff
from crm.timeline.actions import Fact, record

#: What a hand-off says.
PARTS = ("goals", "roadblocks", "decision_makers", "promised")


class Overtaken(Exception):
    """Somebody wrote another version meanwhile; nothing was kept."""

    def __init__(self, current: HandOff) -> None:
        super().__init__(f"Version {current.version} was written meanwhile.")
        self.current = current


@transaction.atomic
def hand_off(account: Account, said: Mapping[str, str], seen: int, by: Any, now: datetime) -> HandOff | None:
    """Write a version that replaces the one numbered `seen` (0: none). None: it says nothing new. Raises Overtaken."""
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    current = HandOff.objects.filter(account=account, replaced_at=None).first()
    if current and all(getattr(current, part) == said[part] for part in PARTS):
        return None
    if current and current.version != seen:
        raise Overtaken(current)
    if current:
        current.replaced_at = now
        current.save(update_fields=["replaced_at"])
    version = current.version + 1 if current else 1
    written = HandOff.objects.create(
        account=account, version=version, written_at=now, written_by=by, **{part: said[part] for part in PARTS}
    )
    text = "Hand-off written" if version == 1 else f"Hand-off changed to version {version}"
    payload = {"version": version}
    record(
        Fact(account.pk, "hand_off.written", text, now, source="person", actor_id=by.pk, payload=payload), now=now
    )  # fmt: skip
    return written


@transaction.atomic
def check_goal(account: Account, state: str, note: str, on: date, by: Any, now: datetime) -> None:
    """Keep what the customer said of their goal, on the record and on the timeline. `state` of Account.GoalState."""
    row = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    row.goal_state, row.goal_checked_on, row.updated_at = state, on, now
    row.save(update_fields=["goal_state", "goal_checked_on", "updated_at"])
    label = Account.GoalState(state).label
    kind = {"reached": "goal.reached", "missed": "goal.missed"}.get(state, "goal.checked")
    text = f"Goal {str(label).lower()}: {row.goal}" if row.goal else f"Goal {str(label).lower()}"
    payload = {"note": note} if note else {}
    record(Fact(account.pk, kind, text, now, source="person", actor_id=by.pk, payload=payload), now=now)
