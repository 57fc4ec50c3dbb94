"""Today: who needs somebody, in which order, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import slots
from crm.home import rules
from crm.outbox import policy
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from crm.web import standing
from tests import factories
from tests.conftest import NOON
from tests.crm.home.conftest import TODAY, customer, in_days, needs, text

pytestmark = pytest.mark.usefixtures("nothing_is_slow")


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


def test_beyond_the_most_that_is_named_the_page_says_more_than(client, ada, monkeypatch):
    monkeypatch.setattr(rules, "MOST_NEEDS", 3)
    for _ in range(3):
        customer("C", renews_on=in_days(10), last_seen_at=NOON)
    assert len(needs(client, ada)) == 3
    assert "more than 3 customers need you" in text(client.get("/"))


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


def test_strangers_sign_in_first(client, db):
    for url in ("/", reverse("home:live")):
        assert client.get(url).status_code == 302


def test_a_fresh_installation_says_what_to_do_next(client, ada, mira, settings):
    settings.EMAIL_URL = ""
    client.force_login(ada)
    first_steps = reverse("settings:start_card")
    page = client.get("/").content.decode()
    assert page.count(first_steps) == 1
    assert "No customers yet" in page
    assert "manage.py" not in page  # who works in a browser has no terminal
    client.force_login(mira)
    assert first_steps not in client.get("/").content.decode()  # they are for whoever runs the place
    client.force_login(ada)
    customer("One", last_seen_at=NOON)
    settings.EMAIL_URL = "smtp://localhost"
    assert "Nobody needs you right now" in text(client.get("/"))


@pytest.mark.parametrize("who", ["mira", "olaf"])
def test_a_page_of_everything_asks_twelve_queries(client, request, django_assert_max_num_queries, monkeypatch, who):
    """Nothing of it is kept from a page before."""
    viewer = request.getfixturevalue(who)
    for number in range(12):
        account = customer(f"C{number}", renews_on=in_days(10), owner=viewer)
        Task.objects.create(title="T", account=account, owner=viewer, due_at=NOON)
        record(Fact(account.pk, "a.b", "Thing", actor_id=viewer.pk))
    client.force_login(viewer)
    how = standing.read(NOON)  # pages share one look for some seconds
    monkeypatch.setattr(standing, "recent", lambda: how)
    client.get("/")  # which notes the visit
    caches["pages"].clear()
    with django_assert_max_num_queries(12):
        client.get("/")


@pytest.mark.usefixtures("kept_standing")
def test_how_the_work_stands_and_what_is_stopped_cost_two_questions_once(client, olaf):
    """Both are shared by all pages for some seconds: with nothing kept, a page of a confined viewer stays within 12."""
    policy.throw("category:marketing", "a wrong price", NOON)
    customer("C", renews_on=in_days(10), owner=olaf)
    client.force_login(olaf)
    client.get("/")
    asked = []
    for forgotten in (True, False):
        if forgotten:
            caches["pages"].clear()
        with CaptureQueriesContext(connection) as queries:
            assert "a wrong price" in client.get("/").content.decode()
        asked.append([one["sql"] for one in queries.captured_queries])
    assert len(asked[0]) <= 12
    assert [sum("crm_switch" in sql and "crm_pulse" not in sql for sql in one) for one in asked] == [1, 0]
