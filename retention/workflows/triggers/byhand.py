"""Nobody enters by themselves: somebody enrolls them from a list, or another workflow does."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from retention.workflows.causes import Filtered
from retention.workflows.kinds import TriggerKind, Verdict, trigger_kinds


class HandTrigger(Filtered):
    """Only by hand, from a list or from another workflow."""

    when: Literal["hand"]


def _told(facts: dict[str, Any], today: date) -> str:
    return f"Enrolled by {facts['by']}, from a list" if "by" in facts else "Enrolled by hand"


trigger_kinds.register(
    "hand",
    TriggerKind(
        HandTrigger,
        "Only by hand", "Starts when somebody enrolls customers from a list, or another workflow enrolls them.",
        "hand", "By hand", lambda trigger: "When somebody enrolls them, or another workflow does", _told, swept=False,
        why=lambda trigger, workflow, account_id, now: [Verdict("somebody enrolled them", "not by itself", None)],
        order=90,
    ),
)  # fmt: skip
