"""A fact on the timeline makes its customer enter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from crm import slots
from retention.workflows.asking import Asks
from retention.workflows.causes import Filtered
from retention.workflows.kinds import Cause, TriggerKind, trigger_kinds
from retention.workflows.models import Workflow


class FactTrigger(Filtered):
    """Something happened: a timeline entry of a kind."""

    when: Literal["fact"]
    kind: Annotated[str, Asks("fact")] = Field(
        title="What happens", description="A fact as it stands on the customer’s timeline."
    )


def called(kind: str) -> str:
    """A kind of fact as people read it."""
    known = slots.fact_kinds.get(kind)
    return known.label if known else kind.replace(".", " ").replace("_", " ")


def _caused_by(trigger: FactTrigger, workflow: Workflow, entry_ids: Sequence[int], now: datetime) -> Cause:
    """The customers of these entries, those from before the workflow was switched on excepted."""
    sql = """
        SELECT account_id, contact_id, 'entry:' || id AS fact, NULL::date AS anchor, %s AS due_at,
            jsonb_build_object('text', text, 'at', occurred_at, 'entry', id) AS facts
        FROM crm_timelineentry WHERE id = ANY(%s) AND occurred_at >= %s
    """
    return Cause(sql, [now, list(entry_ids), workflow.enabled_at])


def told(facts: dict[str, Any], today: date) -> str:
    return str(facts.get("text") or "A fact on the timeline")


trigger_kinds.register(
    "fact",
    TriggerKind(
        FactTrigger,
        "Something happens", "Starts with a fact on the customer’s timeline: a deal won, a payment failed, a mail.",
        "zap", "Facts", lambda trigger: f"When “{called(trigger.kind)}” happens", told,
        swept=False, listens=lambda trigger: (trigger.kind,), caused_by=_caused_by, order=10,
    ),
)  # fmt: skip
