"""How the inbox stands, and what a person can do about what was parked: for the engine room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.urls import reverse

from crm.inbox import actions
from crm.inbox.models import InboundPayload
from crm.slots import LATE, MOST, Load, Repair, Trouble, Verb, one_by_one

_SELECT = f"""
    SELECT '{{group}}' AS grp, '{{label}}' AS label, due.n AS due, due.late, 0::bigint AS held, parked.n AS parked,
        0::bigint AS uncertain, 0::bigint AS failed, due.oldest AS oldest_due, '' AS because
    FROM (
        SELECT count(*) AS n, count(*) FILTER (WHERE due_at < %s) AS late, min(due_at) AS oldest FROM (
            SELECT due_at FROM crm_inboundpayload WHERE state = 'new' AND {{lane}} AND due_at <= %s
            ORDER BY {{order}} LIMIT {MOST + 1}) AS open
    ) AS due, (SELECT count(*) AS n FROM (
        SELECT FROM crm_inboundpayload WHERE state = 'failed' AND {{lane}} LIMIT {MOST + 1}) AS p) AS parked
"""  # noqa: S608  (constants of ours)


_BOTH = " UNION ALL ".join((
    _SELECT.format(group="inbox", label="What came in", lane="NOT fetches", order="due_at, id"),
    _SELECT.format(group="files", label="Files of chats", lane="fetches", order="tries, due_at, id"),
))  # fmt: skip


def select(now: datetime) -> tuple[str, Sequence[Any]]:
    return _BOTH, [now - LATE, now, now - LATE, now]


def address(group: str, figure: str) -> str:
    tab = {"parked": "failed", "due": "new", "late": "new"}.get(figure, "")
    return f"{reverse('inbox:list')}?tab={tab}" if tab else ""


def waits(load: Load) -> str:
    return "files of chats" if load.group == "files" else "what came in"


def _find(limit: int, below: int | None = None) -> list[Trouble]:
    parked = InboundPayload.objects.filter(state="failed").defer("body").order_by("-id")
    return [
        Trouble(row.pk, str(row), reverse("inbox:payload", args=[row.pk]), row.error, row.received_at)
        for row in (parked.filter(pk__lt=below) if below else parked)[:limit]
    ]


_each = partial(one_by_one, impossible=actions.NotPossible)

PARKED = Repair(
    "What came in and could not be handled", "It stands as it came. Mend the cause, then have it read again.",
    "parked", "inbox", _find,
    {
        "again": Verb(
            "Read again", "Read again", _each(lambda pk, reason, by, now: actions.replay(pk, by, now)), tone="primary"
        ),
        "discard": Verb(
            "Discard", "Discarded", _each(actions.discard), tone="danger",
            asks="Nobody makes anything of it. Until its bytes are removed it can be read again.",
        ),
    },
    order=30,
)  # fmt: skip
