"""What kinds of triggers say of one customer: what was asked, what was seen, and whether it lets them enter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.segments import filters
from crm.web import clock
from crm.web.wording import day_near
from retention.workflows.kinds import Verdict


def moment_near(moment: datetime, now: datetime) -> str:
    """“5 June, 14:00”, on this house's clock."""
    local = moment.astimezone(clock.zone())
    return f"{day_near(local.date(), clock.today(now))}, {local:%H:%M}"


def filtered(tree: dict[str, Any], subject: str, pk: int, now: datetime) -> list[Verdict]:
    """Each condition of a filter, and what it saw of this row. One query."""
    asked = filters.parse(tree, subject)
    values = asked.values([pk], now).get(pk, {})
    return [
        Verdict(test.sentence(), shown(values.get(test.reference)), test.holds(values, now))
        for test in asked.root.tests()
    ]


def shown(value: Any) -> str:
    """A value as people read it; what is missing is a dash."""
    match value:
        case None | "" | []:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)
