"""What a customer's timeline tells of deals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.pipelines.models import Deal
from crm.team.models import User
from crm.timeline.actions import Fact, record


def fact(
    row: Deal, kind: str, words: str, at: datetime, by: User | None = None, *, key: str | None = None, note: str = "",
    **payload: object,
) -> Fact:  # fmt: skip
    """With what workflows may ask. Its stage has its pipeline; `value` is in the reporting currency."""
    stage = row.stage
    facts: dict[str, object] = {
        "deal": row.pk, "title": row.title, "pipeline": stage.pipeline.name, "pipeline_id": stage.pipeline_id,
        "purpose": stage.pipeline.purpose, "stage": stage.name, "stage_id": stage.pk, "value": str(row.value),
        "open_url": row.get_absolute_url(), **payload,
    }  # fmt: skip
    if note:
        facts["note"] = note
    return Fact(
        row.account_id, kind, f"{words}: {row}"[:400], at, source="person" if by else "automatic",
        actor_id=by.pk if by else None, payload=facts, key=key,
    )  # fmt: skip


def tell(
    row: Deal, kind: str, words: str, now: datetime, by: User | None, *, note: str = "", **payload: object
) -> None:  # fmt: skip
    said: dict[str, Any] = payload
    record(fact(row, kind, words, now, by, note=note, **said), now=now)
