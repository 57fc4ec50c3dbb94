"""A workflow of which every batch fails stands still for a while: what is broken is the program, not its customers.

Without it each customer would be tried alone and parked in the end. One failing customer among many is no reason to
brake: the batches without that one succeed, and each success releases the brake.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from retention.workflows.models import Workflow

#: So many batches in a row, of more than one customer each and with the same kind of error, put the brake on.
IN_A_ROW = 4
#: From then on one batch is tried after each such rest, until one succeeds.
REST = timedelta(minutes=1)

#: SQL over workflows w: the brake is on.
IS_ON = f"w.stumbles >= {IN_A_ROW}"

#: The fields of a workflow that nothing keeps from moving.
OFF: dict[str, Any] = {"stumbles": 0, "stumbled_over": "", "rests_until": None}

_STUMBLE = """
    UPDATE retention_workflow w SET stumbled_over = %(error)s,
        stumbles = CASE WHEN split_part(w.stumbled_over, ':', 1) = %(kind)s
            THEN least(w.stumbles + %(counts)s, %(enough)s) ELSE %(counts)s END,
        rests_until = CASE WHEN split_part(w.stumbled_over, ':', 1) = %(kind)s
            AND w.stumbles + %(counts)s >= %(enough)s THEN %(until)s::timestamptz END
    WHERE id = %(workflow)s AND (%(counts)s > 0 OR w.stumbles >= %(enough)s)
"""


def stumbled(workflow_id: int, size: int, error: Exception, now: datetime) -> None:
    """Note that a batch of `size` customers failed. A single one counts only while the brake is on already."""
    kind = type(error).__name__
    values: dict[str, Any] = {
        "workflow": workflow_id, "kind": kind, "error": f"{kind}: {error}"[:300].replace("\0", ""),
        "counts": int(size > 1), "enough": IN_A_ROW, "until": now + REST,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STUMBLE, values)


def release(workflow_id: int) -> None:
    """A batch succeeded."""
    Workflow.objects.filter(pk=workflow_id, stumbles__gt=0).update(**OFF)
