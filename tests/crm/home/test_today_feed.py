"""What happens right now: the feed of Today, and what comes in while one looks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from django.urls import reverse

from crm.timeline.actions import Fact, record
from crm.web import clock
from tests.conftest import NOON
from tests.crm.home.conftest import customer, text

pytestmark = pytest.mark.usefixtures("nothing_is_slow")


HTMX = {"HX-Request": "true"}


def test_the_feed_shows_what_is_visible_and_not_imported(client, mira, olaf):
    hidden, own = customer("Hidden", owner=mira), customer("Own", owner=olaf)
    record([
        Fact(hidden.pk, "a.b", "Secret thing"),
        Fact(own.pk, "a.b", "Own thing"),
        Fact(own.pk, "a.b", "Old thing", source="import"),
    ], react=False)  # fmt: skip
    client.force_login(olaf)
    assert [entry["text"] for entry in client.get("/").context["entries"]] == ["Own thing"]


def test_the_feed_stands_in_the_order_of_the_times_it_shows(client, ada):
    own = customer("Own")
    record(Fact(own.pk, "a.b", "Second", occurred_at=NOON - timedelta(hours=1)))
    (late,) = record(Fact(own.pk, "a.b", "First", occurred_at=NOON - timedelta(hours=2)))
    client.force_login(ada)
    context = client.get("/").context
    assert [entry["text"] for entry in context["entries"]] == ["Second", "First"]
    assert context["mark"].after == late


def mark_of(client) -> str:
    return str(client.get("/").context["mark"])


def test_live_asks_for_what_came_after(client, olaf, django_assert_num_queries):
    own = customer("Own", owner=olaf)
    record(Fact(own.pk, "a.b", "First"))
    client.force_login(olaf)
    mark = mark_of(client)
    (second,) = record(Fact(own.pk, "a.b", "Second"))
    with django_assert_num_queries(3):  # session, user, one look-up
        answer = client.get(reverse("home:live"), {"after": mark}, headers=HTMX)
    assert "Second" in text(answer)
    assert "First" not in text(answer)
    assert answer.context["mark"].after == second


def test_live_tells_nothing_of_what_is_hidden(client, mira, olaf):
    hidden = customer("Hidden", owner=mira)
    client.force_login(olaf)
    mark = mark_of(client)
    record(Fact(hidden.pk, "a.b", "Secret"))
    answer = client.get(reverse("home:live"), {"after": mark}, headers=HTMX)
    assert "Secret" not in text(answer)
    assert "Hidden" not in text(answer)


@pytest.mark.django_db(transaction=True)
def test_what_commits_out_of_order_is_not_lost_and_comes_once(client, ada):
    """Three facts: the first is written first, inside a savepoint, and committed last."""
    own = customer("Own")
    client.force_login(ada)
    mark, come = mark_of(client), []

    def ask() -> None:
        nonlocal mark
        answer = client.get(reverse("home:live"), {"after": mark}, headers=HTMX)
        if answer.status_code == 200:
            come.extend(entry["text"] for entry in answer.context["entries"])
            mark = str(answer.context["mark"])

    written, may_commit = Event(), Event()

    def slow() -> None:
        with clock.travelling(NOON), transaction.atomic(), transaction.atomic():
            record(Fact(own.pk, "a.b", "Slow"))
            written.set()
            may_commit.wait(10)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(slow)
        assert written.wait(10)
        record(Fact(own.pk, "a.b", "Quick"))
        ask()
        ask()  # the horizon stands where the slow one holds it: what was shown does not come again
        record(Fact(own.pk, "a.b", "Quicker"))
        ask()
        assert come == ["Quick", "Quicker"]
        may_commit.set()
        waiting.result()
    ask()
    ask()
    assert come == ["Quick", "Quicker", "Slow"]
    assert client.get(reverse("home:live"), {"after": mark}, headers=HTMX).status_code == 204


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 30, "1", "1-4294967296", "1-2-x", "-".join("1" * 400)])
def test_live_with_a_damaged_address_has_nothing_new(client, mira, after):
    record(Fact(customer("C").pk, "a.b", "Thing"))
    client.force_login(mira)
    assert client.get(reverse("home:live"), {"after": after}).status_code == 204
