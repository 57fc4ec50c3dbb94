"""Words about touches: whom a note mentions, how a call reads, and one moment on two clocks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crm.web import wording

#: What people log: kind of form → kind of entry, its word, and how it begins with and without somebody's name.
TOUCHES = {
    "call": ("call.logged", "Call", "Called {}", "Call"),
    "meeting": ("meeting.logged", "Meeting", "Met {}", "Meeting"),
    "interview": ("interview.logged", "Interview", "Interviewed {}", "Interview"),
    "note": ("note.written", "Note", "Note about {}", "Note"),
}
#: How a call ended.
OUTCOMES = {
    "reached": "Reached", "no_answer": "No answer", "voicemail": "Left a message", "call_back": "Asked to call back",
}  # fmt: skip

#: What can be planned: kind of task → what its title begins with.
PLANS = {"call": "Call", "meeting": "Meet", "mail": "Write to", "follow_up": "Follow up with"}
#: When a follow-up may be due, without choosing a day: days from today.
SOON = {"tomorrow": 1, "in three days": 3, "in a week": 7, "in a month": 30}


def sentence(kind: str, who: str, minutes: int | None, outcome: str = "") -> str:
    """The line on the timeline: “Called Jonas Weber · 14 min”, “Called Jonas Weber · no answer”."""
    _, _, named, bare = TOUCHES[kind]
    parts = [named.format(who) if who else bare]
    if minutes and kind != "note":
        parts.append(f"{minutes} min")
    if kind == "call" and outcome and outcome != "reached":
        parts.append(OUTCOMES[outcome].lower())
    return " · ".join(parts)


def mentioned(text: str, names: Iterable[str]) -> list[str]:
    """Which of these names stand in the text behind an @, each once, in the order of the text.

    Where one name begins another (“Mira” and “Mira Okafor”) the longer one is meant.
    """
    known = sorted({name for name in names if name}, key=len, reverse=True)
    if not known or "@" not in text:
        return []
    pattern = re.compile(rf"(?<!\w)@({'|'.join(map(re.escape, known))})(?!\w)")
    return list(dict.fromkeys(pattern.findall(text)))


def planned_title(kind: str, who: str) -> str:
    """“Call Jonas Weber”."""
    return f"{PLANS[kind]} {who}"


def soon(choice: str, today: date) -> date:
    """The day of a choice; a day at the weekend becomes the Monday after it."""
    day = today + timedelta(days=SOON[choice])
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


def two_clocks(moment: datetime, mine: ZoneInfo, theirs: ZoneInfo) -> list[tuple[str, str]]:
    """(whose, when) on the viewer's clock, and on the customer's if it shows something else."""
    said = [("you", _on(moment, mine))]
    if moment.astimezone(mine).replace(tzinfo=None) != moment.astimezone(theirs).replace(tzinfo=None):
        said.append(("them", _on(moment, theirs)))
    return said


def _on(moment: datetime, zone: ZoneInfo) -> str:
    there = moment.astimezone(zone)
    return f"{there:%a} {wording.day(there.date())}, {there:%H:%M} in {city(zone)}"


def city(zone: ZoneInfo) -> str:
    """“Buenos Aires” for America/Argentina/Buenos_Aires."""
    return zone.key.rpartition("/")[2].replace("_", " ")
