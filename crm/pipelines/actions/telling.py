"""What a customer's timeline tells of deals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from crm.pipelines.models import Deal, Stage
from crm.team.models import User
from crm.timeline.actions import Fact, record, record_found


def fact(
    row: Deal, kind: str, words: str, at: datetime, by: User | None = None, *, key: str | None = None, note: str = "",
    **payload: object,
) -> Fact:  # fmt: skip
    """With what workflows may ask. Its stage has its pipeline; `value` is in the reporting currency."""
    facts: dict[str, object] = {
        "deal": row.pk, "title": row.title, "value": str(row.value), "open_url": row.get_absolute_url(),
        **_of_stage(row.stage), **payload,
    }  # fmt: skip
    if note:
        facts["note"] = note
    return Fact(
        row.account_id, kind, f"{words}: {row}"[:400], at, source="person" if by else "automatic",
        actor_id=by.pk if by else None, payload=facts, key=key,
    )  # fmt: skip


def _of_stage(stage: Stage) -> dict[str, object]:
    return {
        "pipeline": stage.pipeline.name, "pipeline_id": stage.pipeline_id, "purpose": stage.pipeline.purpose,
        "stage": stage.name, "stage_id": stage.pk,
    }  # fmt: skip


def tell(
    row: Deal, kind: str, words: str, now: datetime, by: User | None, *, note: str = "", **payload: object
) -> None:  # fmt: skip
    said: dict[str, Any] = payload
    record(fact(row, kind, words, now, by, note=note, **said), now=now)


def tell_of_many(ids: Sequence[int], stage: Stage, kind: str, words: str, now: datetime, by: User | None) -> None:
    """The same of deals that are in this stage, by the ten thousand: they never come here, and nothing reacts to it."""
    values = {
        "ids": list(ids), "kind": kind, "at": now, "source": "person" if by else "automatic",
        "by": by.pk if by else None, "words": f"{words}: ", "stage": Jsonb(_of_stage(stage)),
    }  # fmt: skip
    record_found(_OF_MANY, values, now=now)


_OF_MANY = """
    SELECT d.account_id, NULL::bigint, %(kind)s, %(at)s, %(source)s, %(by)s::bigint, '',
        left(%(words)s || d.title, 400),
        jsonb_build_object('deal', d.id, 'title', d.title, 'value', d.value::text, 'open_url', '/deals/' || d.id || '/')
            || %(stage)s, NULL::text
    FROM crm_deal d WHERE d.id = ANY(%(ids)s) ORDER BY d.id
"""
