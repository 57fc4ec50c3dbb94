"""From what people wrote to the definition that the engine runs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from crm.web import clock
from retention.campaigns.audience import fits
from retention.campaigns.models import Campaign
from retention.workflows.definition import Definition, DefinitionError, parse
from retention.workflows.rules import EARLIEST_DAWN

#: The class of its mail: see crm/outbox.
CATEGORIES = {
    Campaign.Kind.NEWS: "marketing", Campaign.Kind.SERVICE: "service", Campaign.Kind.CRISIS: "transactional",
}  # fmt: skip

#: The step at which a lot draws the wording.
SPLIT = "wording"


def composed(row: Campaign, now: datetime) -> Definition:
    """What it does when it is planned now. Raises DefinitionError, with what is missing or wrong."""
    day = clock.today(now) if row.is_crisis else row.day
    if day is None:
        raise DefinitionError("Say on which day it leaves.")
    among, people = fits(row)
    trigger = {
        "when": "campaign", "on": day.isoformat(), "at": (now if row.is_crisis else taken_at(day)).isoformat(),
        "among": among, "people": people,
    }  # fmt: skip
    first = _broadcast(row, "letter", row.subject, row.body)
    sent: dict[str, Any] = first
    if row.tries_two:
        other = _broadcast(row, "letter-b", row.other_subject, row.other_body)
        sent = {
            "id": SPLIT, "do": "split",
            "arms": [
                {"name": "A", "weight": 100 - row.other_share, "steps": [first]},
                {"name": "B", "weight": row.other_share, "steps": [other]},
            ],
        }  # fmt: skip
    steps: list[dict[str, Any]] = [sent]
    if not row.is_crisis:
        hour = {"id": "hour", "do": "wait", "until": {"day": 1, "time": row.hour.isoformat("minutes")}}
        steps.insert(0, hour)
    return parse({"name": row.name, "about": _ABOUT[Campaign.Kind(row.kind)], "trigger": trigger, "steps": steps})


_ABOUT = {
    Campaign.Kind.NEWS: "A campaign: news or an offer.",
    Campaign.Kind.SERVICE: "A campaign about what they use.",
    Campaign.Kind.CRISIS: "A campaign in a crisis.",
}


def taken_at(day: date) -> datetime:
    """When the audience is taken: when the day begins anywhere on Earth, so that nobody’s hour of it is missed."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - EARLIEST_DAWN


def _broadcast(row: Campaign, name: str, subject: str, body: str) -> dict[str, Any]:
    return {
        "id": name, "do": "broadcast", "category": CATEGORIES[Campaign.Kind(row.kind)], "topic": row.topic,
        "subject": subject, "body": body, "over_hours": row.over_hours,
    }  # fmt: skip
