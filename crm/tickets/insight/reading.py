"""The figures as the page shows them: in words, each with the way to the tickets behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from crm.segments import filterbar
from crm.team.models import Team, User
from crm.tickets.insight import figures
from crm.tickets.insight.figures import Key, Took
from crm.tickets.insight.stretch import Stretch
from crm.tickets.models import Ticket, TicketCategory
from crm.tickets.rules.clock_words import span


@dataclass(frozen=True, slots=True)
class Figure:
    """What stands in a cell, with how many tickets are behind it and where they are; blank where there are none."""

    words: str = ""
    second: str = ""
    count: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Of one agent, team, channel or category, or of all."""

    name: str
    opened: Figure
    answer: Figure
    answer_clock: Figure
    solve: Figure
    solve_clock: Figure
    reopened: Figure
    kept: Figure
    csat: Figure

    @property
    def figures(self) -> tuple[Figure, ...]:
        """In the order of the table."""
        return (
            self.opened, self.answer, self.answer_clock, self.solve, self.solve_clock, self.reopened, self.kept,
            self.csat,
        )  # fmt: skip


def lines(viewer: User, stretch: Stretch) -> tuple[Line, list[Line]]:
    """All together, and one for each that they are told apart by, those with the most solved tickets first."""
    took, counted = figures.took(viewer, stretch), figures.counted(viewer, stretch)
    known = names(stretch.by)
    keys = {key for rows in (took, counted) for _, total, key in rows if not total}

    def line(total: bool, key: Key, name: str, leaf: list[dict[str, Any]]) -> Line:
        answered, solved = took.get(("answered_at", total, key)), took.get(("solved_at", total, key))
        opened, again, rated = (counted.get((what, total, key), (0, 0)) for what in ("opened", "again", "rated"))
        return Line(
            name, _count(opened[0], stretch, "created_at", leaf), *_took(answered, stretch, "answered_at", leaf),
            *_took(solved, stretch, "solved_at", leaf), _again(again[0], solved, stretch, leaf),
            _kept(solved, stretch, leaf), _content(rated, stretch, key, total),
        )  # fmt: skip

    def weight(key: Key) -> tuple[int, int, str]:
        solved = took.get(("solved_at", False, key))
        return -(solved.count if solved else 0), -counted.get(("opened", False, key), (0, 0))[0], str(key)

    all_of_them = line(True, None, "All", [])
    return all_of_them, [
        line(False, key, *known.get(key, _nobody(stretch.by, key))) for key in sorted(keys, key=weight)
    ]


def names(by: str) -> dict[Key, tuple[str, list[dict[str, Any]]]]:
    """Each key with its name and what the filter of the queue calls it."""
    if by == "channel":
        return {str(value): (str(label), _leaf("channel", value)) for value, label in Ticket.Channel.choices}
    rows: dict[int, tuple[str, str]] = {}
    if by == "assignee":
        rows = {user.pk: (str(user), user.email) for user in User.objects.only("name", "email")}
    elif by == "team":
        rows = {team.pk: (team.name, team.name) for team in Team.objects.all()}
    else:
        rows = {one.pk: (one.name, one.name) for one in TicketCategory.objects.all()}
    return {str(key): (name, _leaf(by, value)) for key, (name, value) in rows.items()}


def _leaf(field: str, value: str) -> list[dict[str, Any]]:
    return [{"field": field, "op": "is", "value": value}]


def name_of(named: Mapping[Key, tuple[str, Any]], by: str, key: Key) -> str:
    return (named.get(key) or _nobody(by, key))[0]


def _nobody(by: str, key: Key) -> tuple[str, list[dict[str, Any]]]:
    name = {"assignee": "Nobody", "team": "No team", "category": "No category"}.get(by, str(key))
    return name, [{"field": by, "op": "is_not_set"}]


def queue(parts: list[dict[str, Any]]) -> str:
    """The address of the tickets of which all this is so."""
    return f"{reverse('tickets:list')}?{urlencode({'view': 'all', 'f': filterbar.write(parts)})}"


def _count(count: int, stretch: Stretch, field: str, leaf: list[dict[str, Any]]) -> Figure:
    if not count:
        return Figure("0")
    return Figure(f"{count:,}", "", count, queue([*stretch.within(field), *leaf]))


def _took(found: Took | None, stretch: Stretch, field: str, leaf: list[dict[str, Any]]) -> tuple[Figure, Figure]:
    """By the wall, and on the clock of the level; both open the same tickets."""
    if found is None:
        return Figure(), Figure()
    url = queue([*stretch.within(field), *leaf])
    return tuple(  # type: ignore[return-value]
        Figure(_minutes(pair[0], wall), _minutes(pair[1], wall), found.count, url) if pair else Figure()
        for pair, wall in ((found.wall, True), (found.clock, False))
    )


def _minutes(minutes: float, wall: bool) -> str:
    """Days are days by the wall only; nobody wants minutes of days."""
    rounded = round(minutes) if minutes < 24 * 60 else round(minutes / 60) * 60
    return span(timedelta(minutes=rounded), wall)


def _again(count: int, solved: Took | None, stretch: Stretch, leaf: list[dict[str, Any]]) -> Figure:
    """Opened again in these days, beside what was solved in them."""
    if not count:
        return Figure("0") if solved and solved.count else Figure()
    beside = f"{_share(count, solved.count)} of the solved" if solved and solved.count else ""
    return Figure(f"{count:,}", beside, count, queue([*stretch.within("reopened_at"), *leaf]))


def _kept(solved: Took | None, stretch: Stretch, leaf: list[dict[str, Any]]) -> Figure:
    """Of those that were solved and have a level: within every limit of it. It opens those that were not."""
    if solved is None or not solved.levelled:
        return Figure()
    missed = solved.levelled - solved.kept
    late: list[dict[str, Any]] = [{"field": "overran", "op": "is", "value": True}, {"field": "level", "op": "is_set"}]
    url = queue([*stretch.within("solved_at"), *late, *leaf]) if missed else ""
    return Figure(_share(solved.kept, solved.levelled), f"{missed:,} late", missed, url)


def _content(found: tuple[int, int], stretch: Stretch, key: Key, total: bool) -> Figure:
    count, good = found
    if not count:
        return Figure()
    url = f"{reverse('tickets:ratings')}?{stretch.query(**({} if total else {'key': key or ''}))}"
    return Figure(_share(good, count), f"{count:,} {'answer' if count == 1 else 'answers'}", count, url)


def _share(part: int, whole: int) -> str:
    return f"{part * 100 / whole:.0f} %" if whole else ""
