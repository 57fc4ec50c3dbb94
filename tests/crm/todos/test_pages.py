"""The task pages: who sees what, and what each form changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.urls import reverse

from crm import slots
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from crm.web.counting import how_many
from tests import factories
from tests.conftest import NOON

HTMX = {"HX-Request": "true"}


def make(title="Call them", **fields) -> Task:
    return Task.objects.create(title=title, **({"due_at": NOON + timedelta(hours=1)} | fields))


def text(response) -> str:
    return unescape(response.content.decode())


@pytest.fixture
def foreign(mira) -> Task:
    """About a customer of Mira's, which Olaf may not see."""
    return make("Hers", account=factories.account(owner=mira), owner=mira)


def test_sections_hold_what_is_due_in_them(client, mira):
    client.force_login(mira)
    for title, due in {
        "a": NOON - timedelta(microseconds=1),
        "b": NOON,
        "c": datetime(2026, 6, 1, 22, 0, tzinfo=UTC),  # Berlin's midnight
        "d": datetime(2026, 6, 7, 22, 0, tzinfo=UTC),
    }.items():
        make(title, owner=mira, due_at=due)
    make("asleep", owner=mira, snoozed_until=NOON + timedelta(days=1))
    make("done", owner=mira, done_at=NOON)
    sections = client.get(reverse("todos:list")).context["sections"]
    shown = {section["label"]: [line["title"] for line in section["lines"]] for section in sections}
    assert shown == {"Late": ["a"], "Today": ["b"], "This week": ["c"], "Later": ["d"]}


@pytest.mark.parametrize(("section", "title"), [("snoozed", "asleep"), ("done", "done")])
def test_folded_sections_are_fetched_when_opened(client, mira, section, title):
    client.force_login(mira)
    make("asleep", owner=mira, snoozed_until=NOON + timedelta(days=1))
    make("done", owner=mira, done_at=NOON - timedelta(days=7) + timedelta(microseconds=1))
    make("long ago", owner=mira, done_at=NOON - timedelta(days=7))
    page = client.get(reverse("todos:list"), {"section": section}, headers=HTMX)
    assert [line["title"] for line in page.context["section"]["lines"]] == [title]
    assert b"<html" not in page.content
    assert b"<html" in client.get(reverse("todos:list"), {"section": section}).content


def test_a_snoozed_task_is_back_at_its_moment(client, mira):
    client.force_login(mira)
    make("back", owner=mira, snoozed_until=NOON)
    assert client.get(reverse("todos:list")).context["sections"][0]["lines"][0]["title"] == "back"


def test_tabs_mine_pool_and_team(client, ada, mira, olaf, foreign):
    make("In the pool")
    make("Ada's", owner=ada)
    expected = {
        (ada, "mine"): ["Ada's"],
        (ada, "pool"): ["In the pool"],
        (ada, "team"): ["Ada's", "Hers", "In the pool"],
        (mira, "team"): ["Ada's", "Hers", "In the pool"],
        (olaf, "team"): ["In the pool"],
    }
    for (viewer, tab), titles in expected.items():
        client.force_login(viewer)
        sections = client.get(reverse("todos:list"), {"tab": tab}).context["sections"]
        shown = sorted(unescape(line["title"]) for section in sections for line in section["lines"])
        assert shown == titles, (viewer, tab)


def test_the_pool_says_how_much_lies_in_it_to_whom_it_matters(client, ada, mira, monkeypatch):
    make("One")
    make("Two")
    make("Hers", owner=mira)
    client.force_login(ada)
    assert client.get(reverse("todos:list")).context["pool"] == "2"
    monkeypatch.setattr("crm.todos.views.listing._MANY", 1)
    assert client.get(reverse("todos:list")).context["pool"] == "1+"
    client.force_login(mira)
    assert client.get(reverse("todos:list")).context["pool"] == ""


@pytest.mark.parametrize("query", [{"tab": "pool"}, {"tab": "x"}, {"section": "x"}])
def test_an_unknown_part_is_not_found(client, mira, query):
    client.force_login(mira)
    assert client.get(reverse("todos:list"), query).status_code == 404


def test_pages_go_on_where_the_last_one_ended(client, mira):
    client.force_login(mira)
    for number in range(30):
        make(f"T{number:02}", owner=mira, due_at=NOON + timedelta(minutes=number))
    (first,) = client.get(reverse("todos:list")).context["sections"]
    more = client.get(reverse("todos:list"), {"section": "today", "cursor": first["next"]}, headers=HTMX)
    titles = [line["title"] for line in [*first["lines"], *more.context["section"]["lines"]]]
    assert titles == [f"T{number:02}" for number in range(30)]
    assert more.context["section"]["next"] is None
    damaged = client.get(reverse("todos:list"), {"section": "today", "cursor": "???"})
    assert damaged.status_code == 400


def test_the_list_asks_at_most_twelve_queries(client, mira, django_assert_max_num_queries):
    client.force_login(mira)
    for days in range(-1, 20):
        make(owner=mira, account=factories.account(), due_at=NOON + timedelta(days=days))
    with django_assert_max_num_queries(12):
        client.get(reverse("todos:list"))


def test_completing_by_plain_form_goes_back_to_its_page(client, mira):
    client.force_login(mira)
    task = make(account=factories.account(), owner=mira)
    answer = client.post(reverse("todos:completion", args=[task.pk]), {"next": "/tasks/?tab=team"})
    assert (answer.status_code, answer["Location"]) == (302, "/tasks/?tab=team")
    task.refresh_from_db()
    assert (task.done_at, task.done_by) == (NOON, mira)
    assert TimelineEntry.objects.get().kind == "task.done"


def test_completing_by_htmx_answers_with_the_line_and_a_way_back(client, mira):
    client.force_login(mira)
    task = make(owner=mira)
    answer = client.post(reverse("todos:completion", args=[task.pk]), headers=HTMX)
    assert 'aria-checked="true"' in text(answer)
    assert "Done: Call them" in text(answer)
    assert f"/tasks/{task.pk}/reopening/?next=" in text(answer)
    again = client.post(reverse("todos:completion", args=[task.pk]), headers=HTMX)
    assert "was done already" in text(again)


def test_undo_opens_the_task_again(client, mira):
    client.force_login(mira)
    task = make(owner=mira, done_at=NOON, done_by=mira)
    answer = client.post(f"{reverse('todos:reopening', args=[task.pk])}?next=/tasks/")
    assert answer["Location"] == "/tasks/"
    task.refresh_from_db()
    assert task.done_at is None


def test_the_way_back_never_leaves_the_house(client, mira):
    client.force_login(mira)
    answer = client.post(reverse("todos:completion", args=[make(owner=mira).pk]), {"next": "https://evil.example/"})
    assert answer["Location"] == reverse("todos:list")


@pytest.mark.parametrize("verb", ["completion", "reopening", "snooze", "owner"])
def test_get_changes_nothing(client, mira, verb):
    client.force_login(mira)
    task = make(owner=mira)
    assert client.get(reverse(f"todos:{verb}", args=[task.pk])).status_code == 405
    assert Task.objects.filter(done_at=None, snoozed_until=None, owner=mira).count() == 1


@pytest.mark.parametrize(
    ("verb", "data"),
    [("completion", {}), ("reopening", {}), ("snooze", {"until": "tomorrow"}), ("owner", {"owner": ""})],
)
def test_a_confined_manager_cannot_touch_a_foreign_task(client, olaf, foreign, verb, data):
    client.force_login(olaf)
    assert client.post(reverse(f"todos:{verb}", args=[foreign.pk]), data).status_code == 404
    assert client.get(reverse("todos:detail", args=[foreign.pk])).status_code == 404
    row = Task.objects.get(pk=foreign.pk)
    assert (row.done_at, row.snoozed_until, row.owner_id) == (None, None, foreign.owner_id)
    assert TimelineEntry.objects.count() == 0


def test_a_confined_manager_sees_what_is_his_and_nobodys(mira, olaf, foreign):
    given = make("Given to him", account=foreign.account, owner=olaf)
    own = make("His customer's", account=factories.account(owner=olaf), owner=mira)
    unowned = make("Nobody's customer", account=factories.account(), owner=mira)
    make("About nobody, hers", owner=mira)
    pool = make("About nobody, nobody's")
    assert set(Task.objects.visible_to(olaf)) == {given, own, unowned, pool}


def test_strangers_sign_in_first(client, foreign):
    answer = client.post(reverse("todos:completion", args=[foreign.pk]))
    assert answer.status_code == 302
    assert "sign-in" in answer["Location"]
    assert Task.objects.get().done_at is None


@pytest.mark.parametrize(
    ("data", "until"),
    [
        ({"until": "tomorrow"}, datetime(2026, 6, 2, 7, 0, tzinfo=UTC)),
        ({"until": "monday"}, datetime(2026, 6, 8, 7, 0, tzinfo=UTC)),
        ({"until": "date", "day": "2026-06-03"}, datetime(2026, 6, 3, 7, 0, tzinfo=UTC)),
        ({"until": "date"}, None),
        ({"until": "date", "day": "2026-06-01"}, None),  # 09:00 has passed
        ({"until": "never"}, None),
    ],
)
def test_snooze_until_nine_in_the_viewers_zone(client, mira, data, until):
    client.force_login(mira)
    task = make(owner=mira)
    client.post(reverse("todos:snooze", args=[task.pk]), data)
    task.refresh_from_db()
    assert task.snoozed_until == until


def test_hand_on(client, ada, mira):
    client.force_login(mira)
    task = make(owner=mira)
    client.post(reverse("todos:owner", args=[task.pk]), {"owner": ada.pk})
    assert Task.objects.get().owner == ada
    client.post(reverse("todos:owner", args=[task.pk]), {"owner": "999999"})
    assert Task.objects.get().owner == ada
    client.post(reverse("todos:owner", args=[task.pk]), {"owner": ""})
    assert Task.objects.get().owner is None


def test_new_task(client, mira):
    client.force_login(mira)
    account = factories.account("Nordwind Logistics")
    page = client.get(reverse("todos:new"), {"account": account.pk})
    assert f"Nordwind Logistics #{account.pk}" in text(page)
    data = {
        "title": "Call",
        "customer": "nordwind logistics",
        "due_on": "2026-06-03",
        "owner": mira.pk,
        "next": "/tasks/",
    }
    assert client.post(reverse("todos:new"), data)["Location"] == "/tasks/"
    task = Task.objects.get()
    assert (task.title, task.account, task.owner, task.created_by) == ("Call", account, mira, mira)
    assert task.due_at == datetime(2026, 6, 3, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Nobody Ltd", "No customer of yours is called"),
        ("Hidden", "No customer of yours"),
        ("Twin", "Several customers"),
    ],
)
def test_a_customer_that_is_not_one_is_refused(client, mira, olaf, typed, words):
    factories.account("Hidden", owner=mira)
    factories.account("Twin")
    factories.account("twin")
    client.force_login(olaf)
    answer = client.post(reverse("todos:new"), {"title": "Call", "customer": typed, "due_on": "2026-06-03"})
    assert answer.status_code == 422
    assert words in text(answer)
    assert Task.objects.count() == 0


def test_twins_are_told_apart_by_number(client, mira):
    one, two = factories.account("Twin"), factories.account("Twin")
    client.force_login(mira)
    options = text(client.get(reverse("todos:customers"), {"customer": "twi"}))
    assert f'value="Twin #{one.pk}"' in options
    client.post(reverse("todos:new"), {"title": "Call", "customer": f"Twin #{two.pk}", "due_on": "2026-06-03"})
    assert Task.objects.get().account == two


def test_the_customer_search_shows_only_what_one_may_see(client, mira, olaf):
    factories.account("Acme", owner=mira)
    factories.account("Acorn", owner=olaf)
    factories.account("Bolt")
    client.force_login(olaf)
    assert text(client.get(reverse("todos:customers"), {"customer": "ac"})).split('"')[1::2] == ["Acorn"]
    assert text(client.get(reverse("todos:customers"))).strip() == ""
    nul = client.get(reverse("todos:customers"), {"customer": "ac\0"})
    assert (nul.status_code, text(nul).strip()) == (200, "")
    assert client.get(reverse("todos:new"), {"account": "9" * 5000}).status_code == 200


def test_why_asks_whoever_made_the_task(client, mira):
    client.force_login(mira)
    task = make(owner=mira, origin="test", origin_id=7)
    why = slots.Explanation("Renewal reminder", "/workflows/renewal/", [("Renews on", "1 July 2026")])
    with slots.explainers.temporarily("test", lambda ids: dict.fromkeys(ids, why)):
        answer = text(client.get(reverse("todos:detail", args=[task.pk]), {"part": "why"}))
    assert "Renewal reminder" in answer
    assert "1 July 2026" in answer
    assert "<html" not in answer
    assert "no longer here" in text(client.get(reverse("todos:detail", args=[task.pk])))


def test_the_panel_shows_open_tasks_of_the_customer_in_one_query(rf, mira, olaf, django_assert_num_queries):
    account = factories.account()
    for title in ("a", "b"):
        make(title, account=account, owner=mira)
    make("done", account=account, done_at=NOON)
    make("other", account=factories.account())
    request = rf.get("/")
    request.user = mira
    with django_assert_num_queries(1):
        shown = slots.account_panels["tasks"].context(account, request)
    assert [line["title"] for line in shown["lines"]] == ["a", "b"]


def test_the_menu_counts_what_is_late_or_due_today(ada, mira, django_assert_num_queries):
    count = slots.menu["tasks"].count
    assert how_many([count(mira)], 99) == (0,)
    make(owner=mira, due_at=NOON - timedelta(days=1))
    make(owner=mira, due_at=datetime(2026, 6, 1, 21, 59, tzinfo=UTC))
    make(owner=mira, due_at=datetime(2026, 6, 1, 22, 0, tzinfo=UTC))
    make(owner=mira, snoozed_until=NOON + timedelta(days=1))
    make()  # in the pool, which only admins work off
    with django_assert_num_queries(1):
        assert how_many([count(mira)], 99) == (2,)
    assert how_many([count(ada)], 99) == (1,)
