"""Figures of the desk beside what one counts by hand, limits that people are told of, and overload."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from math import exp, factorial
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.outbox.models import Notification
from crm.team.models import Membership, Team, User
from crm.tickets import overload, warnings
from crm.tickets.insight import figures, reading
from crm.tickets.insight.stretch import Stretch
from crm.tickets.models import (
    ServiceLevel,
    Ticket,
    TicketCategory,
    TicketFollower,
    TicketOverload,
    TicketRating,
    TicketSpell,
)
from crm.tickets.rules import overload as rules
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAY = Stretch(date(2026, 5, 1), date(2026, 5, 31))
_numbers = count(1)


def ticket(
    at: datetime, *, answered: timedelta | None = None, solved: timedelta | None = None, **fields: Any
) -> Ticket:
    """With its spells: new until it is solved."""
    made = Ticket.objects.create(
        subject="Export", channel=fields.pop("channel", "email"), reply_channel="email", token=f"t{next(_numbers)}",
        created_at=at, updated_at=at, asked_at=at, answered_at=at + answered if answered is not None else None,
        solved_at=at + solved if solved is not None else None, status="solved" if solved is not None else "new",
        **fields,
    )  # fmt: skip
    TicketSpell.objects.create(ticket=made, status="new", began_at=at, ended_at=made.solved_at)
    if made.solved_at:
        TicketSpell.objects.create(ticket=made, status="solved", began_at=made.solved_at)
    return made


def rate(row: Ticket, score: int, at: datetime, agent: User | None) -> None:
    spell = row.spells.latest("pk")
    TicketRating.objects.create(ticket=row, spell=spell, agent=agent, asked_at=at, score=score, answered_at=at)


@pytest.fixture
def month(sam: User, mira: User) -> list[Ticket]:
    """Four of Sam's in May with answers after 1 to 4 hours, one that nobody has, and what does not count."""
    level = ServiceLevel.objects.create(name="Standard")
    begin = datetime.fromisoformat("2026-05-04T09:00Z")
    rows = [
        ticket(begin + n * DAY, answered=(n + 1) * HOUR, solved=(n + 1) * 10 * HOUR, assignee=sam, level=level,
               answer_minutes=60 * n, overran=n == 3, reopened=int(n == 0))
        for n in range(4)
    ]  # fmt: skip
    rows.append(ticket(begin, channel="phone"))
    ticket(begin, answered=9 * HOUR, solved=9 * HOUR, is_spam=True)
    ticket(begin, answered=9 * HOUR, solved=9 * HOUR, merged_into=rows[0])
    ticket(begin - 30 * DAY, answered=HOUR, solved=HOUR, assignee=sam)
    for row, score in zip(rows, (5, 4, 3), strict=False):
        rate(row, score, begin + 5 * DAY, sam)
    return rows


def test_figures_are_those_that_one_counts(month: list[Ticket], ada: User, sam: User) -> None:
    took, key = figures.took(ada, MAY), str(sam.pk)
    answered, solved = took["answered_at", True, None], took["solved_at", False, key]
    assert (answered.count, answered.wall, answered.clock) == (4, (150, 222), (90, 162))
    assert (solved.count, solved.levelled, solved.kept) == (4, 4, 3)
    counted = figures.counted(ada, MAY)
    assert (counted["opened", True, None], counted["opened", False, key]) == ((5, 0), (4, 0))
    assert (counted["opened", False, None], counted["rated", False, key]) == ((1, 0), (3, 2))
    total, lines = reading.lines(ada, MAY)
    assert [line.name for line in lines] == ["Sam", "Nobody"]
    assert (total.answer.words, total.answer.second, total.kept.words, total.csat.words) == (
        "2 h 30 min", "3 h 42 min", "75 %", "67 %",
    )  # fmt: skip


def test_the_backlog_of_each_day_is_that_of_its_end(month: list[Ticket], ada: User) -> None:
    def waiting(at: datetime) -> int:
        """Counted ticket by ticket."""
        rows = Ticket.objects.filter(is_spam=False, merged_into=None)
        return sum(row.created_at < at and (row.solved_at is None or row.solved_at >= at) for row in rows)

    days = figures.days(ada, MAY)
    assert len(days) == 31
    assert [day.waiting for day in days] == [
        waiting(datetime.fromisoformat(f"{day.day}T00:00Z") + DAY) for day in days
    ]  # fmt: skip
    assert (sum(day.opened for day in days), sum(day.solved for day in days)) == (5, 4)


def test_opened_again_counts_on_its_day(month: list[Ticket], ada: User) -> None:
    again, at = month[1], datetime.fromisoformat("2026-05-20T12:00Z")
    TicketSpell.objects.filter(ticket=again, ended_at=None).update(ended_at=at)
    TicketSpell.objects.create(ticket=again, status="open", began_at=at)
    Ticket.objects.filter(pk=again.pk).update(reopened=1, solved_at=None, status="open")
    TicketSpell.objects.filter(ticket=month[0], ended_at=None).update(ended_at=at)  # closed, having been opened before
    Ticket.objects.filter(pk=month[0].pk).update(closed_at=at, status="closed")
    total, _ = reading.lines(ada, MAY)
    assert (total.reopened.words, total.reopened.second, _counted(total.reopened.url, ada)) == (
        "1", "33 % of the solved", 1,
    )  # fmt: skip


def test_each_figure_opens_the_tickets_behind_it(month: list[Ticket], ada: User, client: Client) -> None:
    client.force_login(ada)
    page = client.get("/tickets/insight/?from=2026-05-01&to=2026-05-31")
    assert page.status_code == 200
    total, lines = reading.lines(ada, MAY)
    for line in [total, *lines]:
        for name in ("opened", "answer", "solve", "kept"):
            figure = getattr(line, name)
            assert not figure.url or _counted(figure.url, ada) == figure.count, (line.name, name)
    assert client.get(total.opened.url).status_code == 200
    answers = client.get(total.csat.url)
    assert answers.content.decode().count(" of 5</span>") == 3
    assert (
        "Nobody has answered"
        in client.get("/tickets/insight/ratings/?from=2026-05-01&to=2026-05-31&key=").content.decode()
    )


def _counted(url: str, viewer: User) -> int:
    from django.http import QueryDict

    from crm.tickets.lists import QUEUE

    return QUEUE.rows(QueryDict(urlsplit(url).query), viewer, NOON).count()


def test_one_sees_figures_of_what_one_sees(month: list[Ticket], olaf: User, mira: User, client: Client) -> None:
    Ticket.objects.update(account=factories.account("Kelp", owner=mira))
    assert set(figures.counted(olaf, MAY).values()) == {(0, 0)}
    assert {one.count for one in figures.took(olaf, MAY).values()} == {0}
    assert {day.waiting for day in figures.days(olaf, MAY)} == {0}
    assert not figures.ratings(olaf, MAY).exists()
    client.force_login(olaf)
    assert (
        "Nothing happened in these days"
        in client.get("/tickets/insight/?from=2026-05-01&to=2026-05-31").content.decode()
    )


@pytest.mark.parametrize("by", ["assignee", "team", "channel", "category"])
def test_the_page_stands_within_its_queries(
    by: str, month: list[Ticket], ada: User, client: Client, django_assert_max_num_queries: Any, kept_standing: Any
) -> None:  # fmt: skip
    client.force_login(ada)
    client.get("/tickets/insight/")
    with django_assert_max_num_queries(12):
        assert client.get(f"/tickets/insight/?from=2026-05-01&to=2026-05-31&by={by}").status_code == 200


def test_nonsense_in_the_address_is_the_usual_stretch(ada: User, client: Client) -> None:
    client.force_login(ada)
    for asked in ("from=2026-06-30&to=2026-01-01", "from=x&to=y&by=shoe", "from=0001-01-01&to=2026-05-01"):
        page = client.get(f"/tickets/insight/?{asked}")
        assert page.context["stretch"] == Stretch(date(2026, 5, 3), date(2026, 6, 1))
    assert client.get("/tickets/insight/ratings/?key=x").status_code == 404


# Warnings -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def limited(ada: User, mira: User, sam: User, make_user: Callable[..., User]) -> Ticket:
    """Sam's, which Zoe follows and Mira leads; an hour to answer. NOON is a Monday at work."""
    from crm.tickets.clocks import wind

    team = Team.objects.create(name="Support")
    Membership.objects.create(team=team, user=mira)
    ServiceLevel.objects.create(name="Standard", targets={"normal": {"answer": 60}})
    row = ticket(NOON, assignee=sam, team=team, account=factories.account("Kelp"))
    TicketFollower.objects.create(ticket=row, user=make_user("Zoe", "agent"))
    wind(row, NOON)
    row.save()
    return row


def _told(kind: str) -> list[str]:
    return sorted(Notification.objects.filter(kind=kind).values_list("user__name", flat=True))


def test_people_are_told_before_and_after_and_once(limited: Ticket, ada: User) -> None:
    near, due = NOON + timedelta(minutes=45), NOON + HOUR
    assert warnings.next_alarm(NOON) == near
    assert warnings.warn(near - timedelta(microseconds=1)) == 0
    assert (warnings.warn(near), warnings.warn(near)) == (1, 0)
    assert _told("ticket.near") == ["Mira", "Sam", "Zoe"]
    assert "15 min left" in Notification.objects.filter(kind="ticket.near")[0].text
    assert warnings.warn(due - timedelta(microseconds=1)) == 0
    assert (warnings.warn(due), warnings.warn(due + DAY)) == (1, 0)
    assert _told("ticket.overdue") == ["Mira", "Sam", "Zoe"]
    assert TimelineEntry.objects.get(kind="ticket.overdue").payload["limit"] == "answer"
    limited.refresh_from_db()
    assert (limited.overran, limited.warned_at, limited.alarm_at) == (True, near, None)


def test_after_a_standstill_only_the_news_is_told(limited: Ticket) -> None:
    assert warnings.warn(NOON + DAY) == 1
    assert (_told("ticket.near"), _told("ticket.overdue")) == ([], ["Mira", "Sam", "Zoe"])


# Overload -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "expected"), [(1, 0.5), (5, 0.5), (8, 2.0), (30, 12.0)])
def test_the_tail_is_that_of_poisson(found: int, expected: float) -> None:
    exact = 1 - sum(exp(-expected) * expected**k / factorial(k) for k in range(found))
    assert rules.tail(found, expected) == pytest.approx(exact, abs=1e-12)


def test_what_is_far_above_its_own_past_begins() -> None:
    assert not rules.begins(3, 0, rules.FEWEST_OF_ONE)
    assert rules.begins(5, 0, rules.FEWEST_OF_ONE)
    assert not rules.begins(20, 300, rules.FEWEST_OF_ALL)  # 16 are usual
    assert rules.begins(40, 300, rules.FEWEST_OF_ALL)
    assert not rules.goes_on(1, 0) or rules.tail(1, 0.5) < rules.COMMON


@pytest.mark.parametrize(("expected", "words"), [(0.49, "hardly any"), (0.5, "0.5"), (1.53, "1.5"), (12.0, "12")])
def test_what_is_usual_is_told_in_words(expected: float, words: str) -> None:
    assert rules.usual_words(expected) == words


def _asks(account: Account, category: TicketCategory, many: int, at: datetime) -> None:
    for _ in range(many):
        ticket(at, account=account, category=category)


def test_an_overload_is_told_once_a_spell(ada: User, mira: User) -> None:
    kelp, category = factories.account("Kelp", owner=mira), TicketCategory.objects.create(name="Export")
    _asks(kelp, category, 6, NOON - HOUR)
    assert overload.look(NOON) == 1
    assert overload.look(NOON + timedelta(minutes=59)) == 0
    entry = TimelineEntry.objects.get(kind="ticket.overload")
    assert (entry.account, entry.payload["found"]) == (kelp, 6)
    assert entry.text == "Support overload: 6 tickets about “Export” in 3 days; hardly any would be usual"
    assert _told("ticket.overload") == ["Ada", "Mira"]
    _asks(kelp, category, 1, NOON)
    overload.look(NOON + HOUR)
    assert (TicketOverload.objects.get().found, TimelineEntry.objects.filter(kind="ticket.overload").count()) == (7, 1)
    assert overload.look(NOON + 4 * DAY) == 1
    assert TicketOverload.objects.get().ended_at == NOON + 4 * DAY
    _asks(kelp, category, 9, NOON + 20 * DAY)
    overload.look(NOON + 20 * DAY)
    assert TimelineEntry.objects.filter(kind="ticket.overload").count() == 2


def test_many_customers_with_one_thing_reach_the_lead(ada: User) -> None:
    category = TicketCategory.objects.create(name="Outage")
    for _ in range(9):
        _asks(factories.account(), category, 1, NOON - HOUR)
    assert overload.look(NOON) == 1
    assert TicketOverload.objects.get().account is None
    assert _told("ticket.overload") == ["Ada"]
    assert not TimelineEntry.objects.filter(kind="ticket.overload").exists()
