"""Today: whom it names, in which order, and what it never shows to whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from threading import Event
from urllib.parse import quote

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.urls import reverse

from crm import slots
from crm.accounts.models import Account
from crm.home import needs as put_aside
from crm.home import rules, views
from crm.home.models import PutAway
from crm.templatetags.ui import undo_url
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from crm.web import clock, standing
from tests import factories
from tests.conftest import NOON

TODAY = date(2026, 6, 1)
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nothing_is_slow(monkeypatch):
    """On a busy machine figures would be kept."""
    monkeypatch.setattr(views, "_SLOW_SECONDS", 60)


def customer(name: str, mrr: int = 100, **fields) -> Account:
    return factories.account(name, mrr=mrr, lifecycle="customer", **fields)


def text(response) -> str:
    return unescape(response.content.decode())


def needs(client, user) -> list[tuple[str, str]]:
    client.force_login(user)
    rows = client.get(reverse("home:today")).context["rows"]
    return [(row["name"], row["sentence"]) for row in rows]


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


def test_renewals_and_silence_by_revenue_and_urgency(client, ada):
    customer("Far and rich", 1000, renews_on=in_days(81))  # 12,000 × 0.01
    customer("Near and small", 100, renews_on=in_days(9))  # 1,200 × 0.81
    customer("Quiet", 300, last_seen_at=NOON - timedelta(days=45))  # 3,600 × 0.5
    customer("Fine", 900, renews_on=in_days(91), last_seen_at=NOON - timedelta(days=13))
    assert needs(client, ada) == [
        ("Quiet", "Nobody has seen them for 45 days"),
        ("Near and small", "Renewal in 9 days, nobody has been in touch yet"),
        ("Far and rich", "Renewal in 81 days, nobody has been in touch yet"),
    ]


def test_one_reason_for_each_customer(client, ada):
    customer("Both", renews_on=in_days(1), last_seen_at=NOON - timedelta(days=20))
    assert needs(client, ada) == [("Both", "Renewal in 1 day, nobody has been in touch yet")]
    (row,) = client.get("/").context["rows"]
    assert row["others"] == ["Nobody has seen them for 20 days"]


def test_a_call_makes_a_renewal_less_urgent(client, ada):
    called, left = customer("Called", 100, renews_on=in_days(9)), customer("Left", 100, renews_on=in_days(30))
    record([
        Fact(called.pk, "call.logged", "Called", source="person", occurred_at=NOON - timedelta(days=2)),
        Fact(left.pk, "session.started", "Visit", source="customer", occurred_at=NOON - timedelta(days=2)),
        Fact(left.pk, "email.sent", "Sent", occurred_at=NOON - timedelta(days=8)),
    ])  # fmt: skip
    assert needs(client, ada) == [
        ("Left", "Renewal in 30 days, no touch for 8 days"),  # 0.44
        ("Called", "Renewal in 9 days, last touch 2 days ago"),  # 0.81 × 0.4
    ]


def test_a_late_task_is_a_reason(client, mira, ada):
    own, hers = customer("Own", owner=mira, last_seen_at=NOON), customer("Hers", owner=ada, last_seen_at=NOON)
    Task.objects.create(title="Send it", account=own, owner=mira, due_at=NOON - timedelta(days=3))
    Task.objects.create(title="Not yet", account=own, owner=mira, due_at=NOON)
    Task.objects.create(title="Not mine", account=hers, owner=ada, due_at=NOON - timedelta(days=3))
    assert needs(client, mira) == [("Own", "Task 3 days late: Send it")]


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
    (month,) = figures.pop("months")
    assert (month.first, month.count, month.a_year) == (date(2026, 8, 1), 1, Decimal(1200))
    assert figures == {
        "accounts": 3, "customers": 2, "mrr_of_customers": Decimal(150), "renewing": 1,
        "renewing_a_year": Decimal(1200), "silent": 1, "untouched": 0, "by_people": 1, "automatic": 2,
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
    client.get("/")  # which notes the visit
    with django_assert_max_num_queries(11):
        client.get("/")


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
