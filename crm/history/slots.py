"""What history gives to other rooms: work that falls due, how it stands, and a page of the settings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm import slots
from crm.history import erasing, forgetting, runs
from crm.web.addresses import address

slots.work.register("history", slots.Work(run=runs.work, next_due=runs.next_due, order=30))
slots.work.register("forgetting", slots.Work(run=forgetting.work, next_due=forgetting.next_due, order=90))

_LOAD = """
    SELECT * FROM (SELECT 'run-' || run.act_id AS grp, left(act.label, 80) AS label, 1::bigint AS due,
        (run.due_at < %s)::int::bigint AS late, 0::bigint AS held, 0::bigint AS parked, 0::bigint AS uncertain,
        0::bigint AS failed, run.due_at AS oldest_due, '' AS because
    FROM crm_run run JOIN crm_act act ON act.id = run.act_id
    WHERE run.state IN ('waiting', 'running') AND run.due_at <= %s ORDER BY run.due_at LIMIT 20) AS runs
"""


def _load(now: datetime) -> tuple[str, Sequence[Any]]:
    return _LOAD, [now - slots.LATE, now]


slots.loads.register(
    "history",
    slots.LoadSource(
        "Large changes", _load, lambda group, figure: address("history:act", int(group.removeprefix("run-"))),
        lambda load: f"a large change ({load.label})", order=50,
    ),
)  # fmt: skip
slots.settings_pages.register(
    "audit",
    slots.SettingsPage(
        "Audit log", "Who changed what, when and by which way", "scroll-text", "history:audit", "Installation", 20
    ),
)
erasing.register_owned_rows()
