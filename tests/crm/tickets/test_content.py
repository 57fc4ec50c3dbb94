"""How content customers were from month to month, beside what one counts by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from crm.team.models import Team, User
from crm.tickets.insight import content, figures
from crm.tickets.insight.content import Content
from crm.tickets.insight.stretch import Stretch
from crm.tickets.models import Ticket, TicketCategory, TicketRating
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LAST = date(2026, 6, 1)


def rated(score: int | None, at: datetime, **held: Any) -> TicketRating:
    number = Ticket.objects.count()
    row = Ticket.objects.create(
        subject="Export", channel="email", reply_channel="email", token=f"c{number}", asked_at=at,
        account=held.pop("account", None),
    )  # fmt: skip
    spell = row.spells.create(status="solved", began_at=at)
    answered = at if score else None
    return TicketRating.objects.create(
        ticket=row, spell=spell, asked_at=at, score=score, answered_at=answered, account=row.account, **held
    )  # fmt: skip


@pytest.mark.parametrize("by", ["assignee", "team", "category", "channel"])
def test_months_are_those_that_one_counts(client: Client, mira: User, sam: User, by: str) -> None:
    rng, team, about = Random(7), Team.objects.create(name="Data"), TicketCategory.objects.create(name="Export")
    rows = [
        rated(rng.choice((1, 3, 4, 5, None)), NOON - rng.randint(0, 450 * 24) * timedelta(hours=1),
              agent=rng.choice((mira, sam, None)), team=rng.choice((team, None)), category=rng.choice((about, None)))
        for _ in range(120)
    ]  # fmt: skip
    found = content.trend(mira, Stretch(LAST - 30 * DAY, LAST, by))
    assert found
    assert (found.months[0], found.months[-1], len(found.months)) == (date(2025, 7, 1), date(2026, 6, 1), 12)
    ours = [row for row in rows if row.score and row.answered_at and row.answered_at.date() >= found.months[0]]
    counted = Counter(f"{row.answered_at:%Y-%m}" for row in ours)
    assert [cell.count for cell in found.total] == [*(counted[f"{month:%Y-%m}"] for month in found.months), len(ours)]
    good = sum(row.score >= 4 for row in ours if row.score)
    assert found.total[-1].words == f"{100 * good / len(ours):.0f} %"
    held = {"assignee": "agent", "team": "team", "category": "category"}.get(by)
    names = {"assignee": "Nobody", "team": "No team", "category": "No category"}
    apart = Counter(str(getattr(row, held) or names[by]) if held else "Mail" for row in ours)
    assert {name: cells[-1].count for name, cells in found.lines} == apart
    client.force_login(mira)
    cells = [cell for _, line in [*found.lines, ("", found.total)] for cell in line if cell.count]
    assert len(cells) > 20
    for cell in cells[:: 1 if by == "assignee" else 9]:  # each opens as many answers as it says
        asked = dict(parse_qsl(urlsplit(cell.url).query, keep_blank_values=True))
        days = Stretch(date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"]), by)
        answers = figures.ratings(mira, days)
        if "key" in asked:
            column = f"{held}_id" if held else "ticket__channel"
            answers = answers.filter(**{column: asked["key"] or None} if asked["key"] else {f"{column}__isnull": True})
        assert answers.count() == cell.count
        assert client.get(cell.url).status_code == 200


def test_few_are_said_and_the_curve_breaks_where_nobody_answered(client: Client, mira: User) -> None:
    client.force_login(mira)
    for at, many in ((NOON - 40 * DAY, 10), (NOON - 70 * DAY, 9), (NOON - 160 * DAY, 1), (NOON - 190 * DAY, 2)):
        for number in range(many):
            rated(5 if number % 2 == 0 else 1, at)
    found = content.trend(mira, Stretch(LAST, LAST))
    assert found
    assert [(cell.count, cell.few) for cell in found.total if cell.count] == [
        (2, True), (1, True), (9, True), (10, False), (22, False),
    ]  # fmt: skip
    assert [len(points.split()) for points in found.curve] == [2, 2]
    assert [point.few for point in found.points] == [True, True, True, False]
    assert found.points[-1].words == "April 2026: 50 % of 10 content"
    html = client.get("/tickets/insight/").content.decode()
    assert '<circle class="spot few"' in html
    assert "Fewer than 10 answers in three months say little of a trend." in html


def test_the_trend_in_words() -> None:
    def said(late: Content, early: Content) -> str:
        return content._said(
            [Content()] * 5 + [early, Content(), Content(), late, Content(), Content(), Content(99, 0)]
        )

    assert said(Content(40, 36), Content(20, 16)) == (
        "90 % of 40 answers in the last three whole months were good: 10 points more than in the three before"
        " (80 % of 20)."
    )
    assert "5 points less than" in said(Content(20, 15), Content(10, 8))
    assert "as many as in the three before" in said(Content(20, 16), Content(10, 8))
    assert "say little" in said(Content(20, 16), Content(9, 8))
    assert said(Content(20, 16), Content()) == ""


def test_one_sees_the_trend_of_what_one_sees(olaf: User, mira: User, client: Client) -> None:
    rated(5, NOON - DAY, account=factories.account("Theirs", owner=mira))
    client.force_login(olaf)
    assert content.trend(olaf, Stretch(LAST, LAST)) is None
    rated(1, NOON - DAY, account=factories.account("Own", owner=olaf))
    found = content.trend(olaf, Stretch(LAST, LAST))
    assert found
    assert [cell.words for cell in found.total if cell.count] == ["0 %", "0 %"]
