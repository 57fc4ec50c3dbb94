"""Today: whom it names, in which order, and what it never shows to whom."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import quote

import pytest
from django.urls import reverse

from crm import slots
from crm.accounts.models import Account
from crm.home import rules, views
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from crm.web import standing
from tests import factories
from tests.conftest import NOON

TODAY = date(2026, 6, 1)
HTMX = {"HX-Request": "true"}


def customer(name: str, mrr: int = 100, **fields) -> Account:
    return factories.account(name, mrr=mrr, lifecycle="customer", **fields)


def text(response) -> str:
    return unescape(response.content.decode())


def needs(client, user) -> list[tuple[str, str]]:
    client.force_login(user)
    rows = client.get(reverse("home:today")).context["rows"]
    return [(row["account"].name, row["need"].sentence) for row in rows]


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


def test_renewals_and_silence_by_revenue_and_urgency(client, ada):
    customer("Far and rich", 1000, renews_on=in_days(81))  # 12,000 × 0.01
    customer("Near and small", 100, renews_on=in_days(9))  # 1,200 × 0.81
    customer("Quiet", 300, last_seen_at=NOON - timedelta(days=45))  # 3,600 × 0.5
    customer("Fine", 900, renews_on=in_days(91), last_seen_at=NOON - timedelta(days=13))
    assert needs(client, ada) == [
        ("Quiet", "Nobody has seen them for 45 days"),
        ("Near and small", "Renewal in 9 days"),
        ("Far and rich", "Renewal in 81 days"),
    ]


def test_one_reason_for_each_customer(client, ada):
    customer("Both", renews_on=in_days(1), last_seen_at=NOON - timedelta(days=20))
    assert needs(client, ada) == [("Both", "Renewal in 1 day")]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"renews_on": in_days(90)}, True),
        ({"renews_on": in_days(91)}, False),
        ({"renews_on": TODAY}, True),
        ({"renews_on": in_days(-1)}, False),
        ({"last_seen_at": NOON - timedelta(days=14)}, True),
        ({"last_seen_at": NOON - timedelta(days=14) + timedelta(microseconds=1)}, False),
        ({"signed_up_on": in_days(-30)}, True),  # never seen counts from sign-up
    ],
)
def test_boundaries(client, ada, fields, named):
    customer("One", **fields)
    assert bool(needs(client, ada)) is named


def test_who_never_bought_or_has_gone_needs_nobody(client, ada):
    for lifecycle in ("lead", "churned"):
        factories.account(lifecycle=lifecycle, mrr=100, last_seen_at=NOON - timedelta(days=40), renews_on=in_days(3))
    assert needs(client, ada) == []


def test_the_day_has_room_for_eight(client, ada):
    for number in range(10):
        customer(f"C{number}", 100 + number, renews_on=in_days(10))
    assert [name for name, _ in needs(client, ada)] == [f"C{number}" for number in range(9, 1, -1)]
    page = text(client.get("/"))
    assert "10 customers need you, room for 8" in page
    assert "Show all 10" in page
    assert len(client.get("/?all=1").context["rows"]) == 10


def test_beyond_the_most_that_is_named_the_page_says_more_than(client, ada, monkeypatch):
    monkeypatch.setattr(rules, "MOST_NEEDS", 3)
    for _ in range(3):
        customer("C", renews_on=in_days(10), last_seen_at=NOON)
    assert len(needs(client, ada)) == 3
    assert "more than 3 customers need you" in text(client.get("/"))


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
            name: {row.name for row in client.get(reverse("accounts:list"), {"f": tree}).context["page"].rows}
            for name, tree in page.context["behind"].items()
        }
        assert (found["renewing"], found["silent"], len(found["customers"])) == ({"Both", "Today"}, {"Both"}, customers)
        figures = page.context["figures"]
        assert (figures["renewing"], figures["silent"], figures["customers"]) == (2, 1, customers)
        assert f"?f={quote(page.context['behind']['silent'])}" in text(page)


def test_an_admin_sees_all_and_others_their_own_and_nobodys(client, ada, mira, olaf):
    customer("Mira's", 300, owner=mira, renews_on=in_days(10))
    customer("Olaf's", 200, owner=olaf, renews_on=in_days(10))
    customer("Nobody's", 100, renews_on=in_days(10))
    assert [name for name, _ in needs(client, ada)] == ["Mira's", "Olaf's", "Nobody's"]
    assert [name for name, _ in needs(client, mira)] == ["Mira's", "Nobody's"]
    assert [name for name, _ in needs(client, olaf)] == ["Olaf's", "Nobody's"]


def test_a_reason_of_another_room_is_ranked_too_and_shows_only_what_one_may_see(client, olaf, mira):
    hidden, own = customer("Hidden", 900, owner=mira), customer("Own", 100, owner=olaf)
    reason = slots.TodayReason(lambda viewer, now, limit: [(hidden.pk, "x", 1.0, "Call"), (own.pk, "y", 1.0, "Call")])
    with slots.today_reasons.temporarily("test", reason):
        assert needs(client, olaf) == [("Own", "y")]


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
    assert figures == {
        "accounts": 3, "customers": 2, "mrr_of_customers": Decimal(150), "renewing": 1, "renewing_mrr": Decimal(100),
        "renewing_a_year": Decimal(1200), "silent": 1, "by_people": 1, "automatic": 2,
    }  # fmt: skip
    client.force_login(olaf)
    figures = client.get(reverse("home:today")).context["figures"]
    assert (figures["customers"], figures["mrr_of_customers"], figures["renewing"], figures["automatic"]) == (
        1,
        Decimal(50),
        0,
        0,
    )


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


def test_the_feed_shows_what_is_visible_and_not_imported(client, mira, olaf):
    hidden, own = customer("Hidden", owner=mira), customer("Own", owner=olaf)
    record([
        Fact(hidden.pk, "a.b", "Secret thing"),
        Fact(own.pk, "a.b", "Own thing"),
        Fact(own.pk, "a.b", "Old thing", source="import"),
    ], react=False)  # fmt: skip
    client.force_login(olaf)
    assert [entry.text for entry in client.get("/").context["entries"]] == ["Own thing"]


def test_the_feed_stands_in_the_order_of_the_times_it_shows(client, ada):
    own = customer("Own")
    record(Fact(own.pk, "a.b", "Second", occurred_at=NOON - timedelta(hours=1)))
    (late,) = record(Fact(own.pk, "a.b", "First", occurred_at=NOON - timedelta(hours=2)))
    client.force_login(ada)
    context = client.get("/").context
    assert [entry.text for entry in context["entries"]] == ["Second", "First"]
    assert context["newest"] == late


def test_live_asks_for_what_came_after(client, olaf, django_assert_num_queries):
    own = customer("Own", owner=olaf)
    (first,) = record(Fact(own.pk, "a.b", "First"))
    client.force_login(olaf)
    url = reverse("home:live")
    with django_assert_num_queries(3):  # session, user, one look-up
        assert client.get(url, {"after": first}, headers=HTMX).status_code == 204
    (second,) = record(Fact(own.pk, "a.b", "Second"))
    with django_assert_num_queries(4):
        answer = client.get(url, {"after": first}, headers=HTMX)
    assert "Second" in text(answer)
    assert "First" not in text(answer)
    assert f"after={second}" in text(answer)


def test_live_tells_nothing_of_what_is_hidden(client, mira, olaf):
    hidden = customer("Hidden", owner=mira)
    (secret,) = record(Fact(hidden.pk, "a.b", "Secret"))
    client.force_login(olaf)
    answer = client.get(reverse("home:live"), {"after": secret - 1}, headers=HTMX)
    assert "Secret" not in text(answer)
    assert "Hidden" not in text(answer)
    assert f"after={secret}" in text(answer)


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 30])
def test_live_with_a_damaged_address_has_nothing_new(client, mira, after):
    record(Fact(customer("C").pk, "a.b", "Thing"))
    client.force_login(mira)
    assert client.get(reverse("home:live"), {"after": after}).status_code == 204


def test_strangers_sign_in_first(client, db):
    for url in ("/", reverse("home:live")):
        assert client.get(url).status_code == 302


def test_a_fresh_installation_says_what_to_do_next(client, ada, mira, settings):
    settings.EMAIL_URL = ""
    client.force_login(ada)
    page = text(client.get("/"))
    for words in ("First steps", "import_csv accounts", "EMAIL_URL", "recipes --enable", "No customers yet"):
        assert words in page
    assert [step["done"] for step in client.get("/").context["steps"]] == [False, False, False]
    client.force_login(mira)
    assert client.get("/").context["steps"] == []  # the commands are for whoever runs the place
    client.force_login(ada)
    customer("One", last_seen_at=NOON)
    settings.EMAIL_URL = "smtp://localhost"
    page = text(client.get("/"))
    assert "First steps" not in page
    assert "Nobody needs you right now" in page


def test_a_page_of_everything_asks_twelve_queries(client, mira, django_assert_max_num_queries, monkeypatch):
    for number in range(12):
        account = customer(f"C{number}", renews_on=in_days(10), owner=mira)
        Task.objects.create(title="T", account=account, owner=mira, due_at=NOON)
        record(Fact(account.pk, "a.b", "Thing", actor_id=mira.pk))
    client.force_login(mira)
    how = standing.read(NOON)  # pages share one look for some seconds
    monkeypatch.setattr(standing, "recent", lambda: how)
    with django_assert_max_num_queries(12):
        client.get("/")


def test_slow_figures_are_kept_for_a_minute_but_not_for_narrower_eyes(client, mira, monkeypatch):
    monkeypatch.setattr(views, "_SLOW_SECONDS", -1)
    client.force_login(mira)
    customer("One", 100)
    assert client.get("/").context["figures"]["customers"] == 1
    customer("Two", 100, owner=None)
    assert client.get("/").context["figures"]["customers"] == 1
    mira.sees_own_only = True
    mira.save()
    assert client.get("/").context["figures"]["customers"] == 2
