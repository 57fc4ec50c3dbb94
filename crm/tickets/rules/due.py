"""How long a ticket has, as a queue says it beside each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.tickets.rules import DONE, PAUSES
from crm.web import wording

#: What is due sooner stands out, and is meant by “due soon”.
SOON = timedelta(hours=4)
CLOSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """`tone` is a badge's, `icon` a lucide name: what it says is told by more than its colour."""

    words: str
    tone: str
    icon: str


def due(status: str, due_by: datetime | None, now: datetime) -> Due | None:
    """“in 38 min”, “overdue 12 min”, “paused”; None where nothing is due. Both in the zone of the reader."""
    if status in DONE:
        return None
    if due_by is None:
        return Due("paused", "", "pause") if status in PAUSES else None
    if due_by <= now:
        return Due(f"overdue {_short(now - due_by)}", "bad", "triangle-alert")
    tone, icon = ("warn", "alarm-clock") if due_by - now <= CLOSE else ("info", "clock")
    return Due(wording.ago(due_by, now), tone, icon)


def _short(passed: timedelta) -> str:
    """The largest unit that fits: 12 min, 5 h, 3 d."""
    for unit, name in ((timedelta(days=1), "d"), (timedelta(hours=1), "h")):
        if passed >= unit:
            return f"{passed // unit} {name}"
    return f"{passed // timedelta(minutes=1)} min"
