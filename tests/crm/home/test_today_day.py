"""A day of one’s own: how much fits into it, and what is put away from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from crm.home import needs as put_aside
from crm.home.models import PutAway
from crm.templatetags.ui import undo_url
from crm.todos.models import Task
from crm.web import clock
from tests.conftest import NOON
from tests.crm.home.conftest import customer, in_days, needs, text

pytestmark = pytest.mark.usefixtures("nothing_is_slow")


def test_the_day_has_room_for_eight(client, ada):
    for number in range(10):
        customer(f"C{number}", 100 + number, renews_on=in_days(10))
    assert [name for name, _ in needs(client, ada)] == [f"C{number}" for number in range(9, 1, -1)]
    page = text(client.get("/"))
    assert "10 customers need you, room for 8" in page
    assert "2 more</a> would not fit into a day of 8" in page
    assert len(client.get("/?all=1").context["rows"]) == 10


def test_the_day_is_as_large_as_its_owner_says(client, ada):
    for number in range(5):
        customer(f"C{number}", 100 + number, renews_on=in_days(10))
    client.force_login(ada)
    client.post("/day/", {"day_capacity": 3, "untouched_days": 10})
    assert len(needs(client, ada)) == 3
    for wrong in (
        {"day_capacity": 0, "untouched_days": 10},
        {"day_capacity": 3},
        {"day_capacity": 101, "untouched_days": 9},
    ):
        client.post("/day/", wrong)
    ada.refresh_from_db()
    assert (ada.day_capacity, ada.untouched_days) == (3, 10)


def test_done_sticks_until_the_viewers_midnight(client, mira):
    one, two = customer("One", 200, renews_on=in_days(10)), customer("Two", 100, renews_on=in_days(10))
    client.force_login(mira)
    for _ in range(2):  # a double click
        assert client.post(f"/needs/{one.pk}/doing/").status_code == 302
    assert PutAway.objects.get().until == datetime(2026, 6, 1, 22, 0, tzinfo=UTC)  # Berlin's midnight
    for moment, names in {
        datetime(2026, 6, 1, 21, 59, 59, tzinfo=UTC): ["Two"],
        datetime(2026, 6, 1, 22, 0, tzinfo=UTC): ["One", "Two"],
    }.items():
        with clock.travelling(moment):
            assert [name for name, _ in needs(client, mira)] == names
    client.post(f"/needs/{two.pk}/snooze/", {"until": "date", "day": "2026-06-03"})
    with clock.travelling(datetime(2026, 6, 3, 6, 59, tzinfo=UTC)):
        assert [name for name, _ in needs(client, mira)] == ["One"]
    with clock.travelling(datetime(2026, 6, 3, 7, 0, tzinfo=UTC)):
        assert len(needs(client, mira)) == 2


def test_done_and_snooze_are_taken_back(client, mira, ada):
    one = customer("One", renews_on=in_days(10))
    client.force_login(mira)
    client.post(f"/needs/{one.pk}/doing/")
    undo = undo_url(next(iter(client.get("/").context["messages"])).extra_tags)
    assert needs(client, ada) != []  # it is the viewer's day alone
    client.force_login(ada)
    client.post(undo)
    assert needs(client, mira) == []  # what somebody else takes back is theirs
    client.force_login(mira)
    client.post(f"/needs/{one.pk}/snooze/", {"until": "tomorrow"})
    client.post(undo)
    assert needs(client, mira) == []  # it has been put elsewhere since
    client.post(f"/needs/{one.pk}/return/?until=2026-06-02T07:00:00%2B00:00")
    assert len(needs(client, mira)) == 1


def test_a_confined_manager_puts_away_nobody_else(client, mira, olaf):
    hidden = customer("Hidden", owner=mira, renews_on=in_days(10))
    client.force_login(olaf)
    for verb in ("doing", "snooze", "return"):
        assert client.post(f"/needs/{hidden.pk}/{verb}/", {"until": "tomorrow"}).status_code == 404
    assert not PutAway.objects.exists()


@pytest.mark.parametrize("data", [{}, {"until": "date"}, {"until": "date", "day": "2026-06-01"}, {"until": "never"}])
def test_a_snooze_into_the_past_is_refused(client, mira, data):
    one = customer("One", renews_on=in_days(10))
    client.force_login(mira)
    client.post(f"/needs/{one.pk}/snooze/", data)
    assert not PutAway.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_is_once(mira):
    one = customer("One", renews_on=in_days(10))

    def put(_: int) -> None:
        with clock.travelling(NOON):
            put_aside.put(mira, one.pk, NOON + timedelta(hours=10), is_done=True, now=NOON)
        connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put, range(8)))
    assert PutAway.objects.count() == 1


def test_the_greeting_is_by_the_viewers_own_clock(client, ada, make_user):
    client.force_login(ada)
    assert "Good afternoon, Ada" in text(client.get("/"))
    assert "Monday 1 June" in text(client.get("/"))
    client.force_login(make_user("Kim Park", time_zone="Asia/Seoul"))
    assert "Good evening, Kim<" in text(client.get("/"))


def test_my_tasks_due_today(client, mira):
    for title, fields in {
        "late": {"due_at": NOON - timedelta(days=1)},
        "tonight": {"due_at": NOON + timedelta(hours=9)},
        "tomorrow": {"due_at": NOON + timedelta(hours=10)},  # midnight in Berlin
        "asleep": {"due_at": NOON, "snoozed_until": NOON + timedelta(hours=1)},
    }.items():
        Task.objects.create(title=title, owner=mira, **fields)
    Task.objects.create(title="pool", due_at=NOON)
    client.force_login(mira)
    page = client.get("/")
    assert [line["title"] for line in page.context["tasks"]] == ["late", "tonight"]
    assert "was due yesterday" in text(page)
