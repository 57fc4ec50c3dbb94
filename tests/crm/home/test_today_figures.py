"""The tiles of Today, and the rows behind them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.core.cache import caches
from django.urls import reverse

from crm.home import views
from crm.ledger.actions import project
from crm.timeline.actions import Fact, record
from tests import factories
from tests.conftest import NOON
from tests.crm.home.conftest import TODAY, customer, in_days, text

pytestmark = pytest.mark.usefixtures("nothing_is_slow")


def test_a_tile_opens_the_rows_that_it_counts(client, ada, olaf, mira):
    customer("Both", owner=olaf, renews_on=in_days(90), last_seen_at=NOON - timedelta(days=14))
    customer("Today", owner=olaf, renews_on=TODAY, last_seen_at=NOON)
    customer("Neither", owner=olaf, renews_on=in_days(91), last_seen_at=NOON - timedelta(days=13, hours=23))
    customer("Passed", owner=mira, renews_on=in_days(-1), last_seen_at=NOON)
    factories.account(
        "Trial", lifecycle="trial", owner=olaf, renews_on=in_days(9), last_seen_at=NOON - timedelta(days=20)
    )
    for viewer, customers in ((ada, 4), (olaf, 3)):
        client.force_login(viewer)
        page = client.get("/")
        found = {
            name: set(names_in(client.get(reverse("accounts:list"), {"f": tree})))
            for name, tree in page.context["behind"].items()
        }
        assert (found["renewing"], found["silent"], len(found["customers"])) == ({"Both", "Today"}, {"Both"}, customers)
        figures = page.context["figures"]
        assert (figures["renewing"], figures["silent"], figures["customers"]) == (2, 1, customers)
        assert f"?f={quote(page.context['behind']['silent'])}" in text(page)
        months = [client.get(reverse("accounts:list"), {"f": month.behind}) for month in figures["months"]]
        assert [row for listed in months for row in names_in(listed)] == ["Today", "Both"]


def test_customers_whom_nobody_has_touched(client, ada):
    long_ago = NOON - timedelta(days=60)
    for name, kind, source, days in [
        ("Called", "call.logged", "person", 29), ("Called long ago", "call.logged", "person", 30),
        ("Written to", "email.sent", "automatic", 1), ("Visited", "session.started", "customer", 1),
    ]:  # fmt: skip
        one = customer(name, created_at=long_ago, last_seen_at=NOON)
        record(Fact(one.pk, kind, "x", source=source, occurred_at=NOON - timedelta(days=days)))
    customer("New", created_at=NOON - timedelta(days=29), last_seen_at=NOON)
    factories.account("Lead", created_at=long_ago)
    client.force_login(ada)
    page = client.get("/")
    assert page.context["figures"]["untouched"] == 2
    listed = client.get(reverse("accounts:list"), {"f": page.context["behind"]["untouched"]})
    assert names_in(listed) == ["Called long ago", "Visited"]


def names_in(listed) -> list[str]:
    return [row["name"] if isinstance(row, dict) else row.name for row in listed.context["page"].rows]


def test_figures(client, ada, mira, olaf):
    one = customer("One", 100, owner=mira, renews_on=in_days(90), last_seen_at=NOON - timedelta(days=14))
    customer("Two", 50, owner=olaf, renews_on=in_days(91), last_seen_at=NOON)
    factories.account("Lead", mrr=7)
    touch = {"occurred_at": NOON, "channel": "phone"}
    record([
        Fact(one.pk, "call.made", "Called", source="person", **touch),
        Fact(one.pk, "mail.sent", "Sent", source="automatic", **touch),
        Fact(one.pk, "mail.sent", "Sent", source="automatic", **touch),
        Fact(one.pk, "mail.sent", "Old", source="automatic", channel="email", occurred_at=NOON - timedelta(hours=13)),
        Fact(one.pk, "mail.came", "Theirs", source="customer", **touch),
        Fact(one.pk, "task.done", "No touch", source="person"),
    ])  # fmt: skip
    client.force_login(ada)
    figures = client.get(reverse("home:today")).context["figures"]
    (month,) = figures.pop("months")
    assert (month.first, month.count, month.a_year) == (date(2026, 8, 1), 1, Decimal(1200))
    assert figures == {
        "accounts": 3, "customers": 2, "paused": 0, "mrr": Decimal(150), "mrr_paused": 0,
        "renewing": 1, "renewing_a_year": Decimal(1200), "silent": 1, "untouched": 0, "by_people": 1, "automatic": 2,
    }  # fmt: skip
    client.force_login(olaf)
    figures = client.get(reverse("home:today")).context["figures"]
    assert (figures["customers"], figures["mrr"], figures["renewing"], figures["automatic"]) == (
        1,
        Decimal(50),
        0,
        0,
    )


def test_slow_figures_are_kept_for_a_minute_but_not_for_narrower_eyes(client, mira, monkeypatch):
    monkeypatch.setattr(views, "_SLOW_SECONDS", -1)
    caches["pages"].clear()
    client.force_login(mira)
    customer("One", 100)
    assert client.get("/").context["figures"]["customers"] == 1
    customer("Two", 100, owner=None)
    assert client.get("/").context["figures"]["customers"] == 1
    mira.sees = "own"
    mira.save()
    assert client.get("/").context["figures"]["customers"] == 2


def test_revenue_of_a_month_is_that_of_the_dashboard_and_says_how_much_of_it_is_paused(client, ada):
    """Whoever has paused is a customer still; between two terms, and after the end, nobody is."""
    running, paused, between, gone = (factories.account(name) for name in ("Runs", "Paused", "Between", "Gone"))
    factories.contract(running, date(2026, 1, 1), mrr=150)
    factories.contract(paused, date(2026, 1, 1), mrr=60, status="paused")
    factories.contract(between, date(2026, 1, 1), date(2026, 5, 1), mrr=7).terms.create(starts_on=in_days(9), mrr=7)
    factories.contract(gone, date(2026, 1, 1), TODAY, mrr=9)
    project([account.pk for account in (running, paused, between, gone)], NOON)
    client.force_login(ada)
    page = client.get("/")
    figures = page.context["figures"]
    assert (figures["mrr"], figures["mrr_paused"]) == (Decimal(210), Decimal(60))
    assert (figures["customers"], figures["paused"]) == (3, 2)
    assert "210 a month, 2 paused with €\N{NARROW NO-BREAK SPACE}60" in page.content.decode()
    listed = client.get(reverse("accounts:list"), {"f": page.context["behind"]["customers"]})
    assert set(names_in(listed)) == {"Runs", "Paused", "Between"}
    board = client.get(reverse("retention:dashboard")).context["board"]
    assert board.counts.mrr_end == figures["mrr"]
    assert board.counts.customers_end == figures["customers"] - 1  # “Between” pays nothing now and is paused
