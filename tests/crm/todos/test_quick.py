"""Tasks from one line: what is understood, shown and saved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from crm.team.hours import OFFICE_WEEK, ClosedDays, Hours
from crm.templatetags.ui import undo_url
from crm.todos.models import Task
from crm.todos.rules.quick import read
from tests import factories
from tests.conftest import NOON

BERLIN = ZoneInfo("Europe/Berlin")
#: Open 9 to 17 on weekdays; Wednesday is a holiday.
HOURS = Hours(BERLIN, OFFICE_WEEK, [ClosedDays(date(2026, 6, 3), date(2026, 6, 3))])


def at(*parts: int) -> datetime:
    return datetime(2026, *parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "title", "kind", "due", "repeat"),
    [
        ("call Kelp tomorrow 10:00", "Call Kelp", "call", at(6, 2, 10), ""),
        ("Send the offer on Friday", "Send the offer", "", at(6, 5, 9), ""),
        ("mail Anna 3 June at 9:30", "Mail Anna", "mail", at(6, 3, 9, 30), ""),
        ("meet Kelp 2026-07-01 2pm", "Meet Kelp", "meeting", at(7, 1, 14), ""),
        ("call Kelp 16:00", "Call Kelp", "call", at(6, 1, 16), ""),  # it is 14:00 in Berlin
        ("call Kelp 14:00", "Call Kelp", "call", at(6, 2, 14), ""),  # which has just passed
        ("call Kelp today", "Call Kelp", "call", at(6, 1, 17), ""),
        ("call Kelp monday", "Call Kelp", "call", at(6, 8, 9), ""),  # never the same day
        ("in 2 weeks follow up Kelp", "Follow up Kelp", "follow_up", at(6, 15, 9), ""),
        ("next week send it", "Send it", "", at(6, 8, 9), ""),
        ("review notes every monday 8:00", "Review notes", "", at(6, 8, 8), "weekly mon 08:00"),
        ("report every month", "Report", "", at(7, 1, 9), "monthly 1 09:00"),
        ("call Kelp next working day", "Call Kelp", "call", at(6, 2, 9), ""),
        ("call Kelp in 2 working days", "Call Kelp", "call", at(6, 4, 9), ""),  # Wednesday is a holiday
        ("call Kelp in 2 working days 11:00", "Call Kelp", "call", at(6, 4, 11), ""),
        ("answer in 4 business hours", "Answer", "", at(6, 2, 10), ""),  # three of them today
        ("call 31 Feb about 25:00", "Call 31 Feb about 25:00", "call", at(6, 2, 9), ""),  # stays in the title
        ("Maybe call Mona", "Maybe call Mona", "", at(6, 2, 9), ""),
        ("tomorrow", "", "", at(6, 2, 9), ""),
    ],
)
def test_read(line, title, kind, due, repeat):
    found = read(line, NOON, BERLIN, lambda: HOURS)
    assert (found.title, found.kind, found.due_at, str(found.repeat or "")) == (title, kind, due, repeat)


def shown(client, line: str) -> str:
    return " ".join(unescape(client.get("/tasks/quick/", {"line": line}).content.decode()).split())


def test_it_is_shown_before_it_is_saved(client, mira, django_assert_max_num_queries):
    factories.account("Kelp Foods")
    client.force_login(mira)
    client.get("/me/")
    with django_assert_max_num_queries(3):  # session, user, names
        answer = shown(client, "call kelp tomorrow 10:00")
    assert "Call kelp" in answer
    assert "tomorrow 10:00" in answer
    assert "Kelp Foods" in answer
    assert shown(client, "") == shown(client, "tomorrow") == ""
    assert not Task.objects.exists()
    client.post("/tasks/quick/", {"line": "call kelp tomorrow 10:00"})
    (message,) = client.get("/me/").context["messages"]
    assert str(message) == "Task made for Kelp Foods: Call kelp, tomorrow 10:00"
    task = Task.objects.get()
    assert (task.title, task.kind, task.account.name, task.owner, task.due_at) == (
        "Call kelp", "call", "Kelp Foods", mira, at(6, 2, 10),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "customer"),
    [
        ("Send the offer to Nordwind Logistics friday", "Nordwind Logistics"),
        ("Send the offer to nordwind logistics", "Nordwind Logistics"),  # the whole name
        ("Send the offer to Nordwind", None),  # two of them
        ("Write the report", None),  # not Report Ltd
        ("Write the Report Ltd people", "Report Ltd"),
        ("call hidden", None),
    ],
)
def test_the_customer_that_the_words_name(client, olaf, mira, line, customer):
    for name in ("Nordwind Logistics", "Nordwind Energy", "Report Ltd"):
        factories.account(name)
    factories.account("Hidden", owner=mira)
    client.force_login(olaf)
    client.post("/tasks/quick/", {"line": line})
    task = Task.objects.get()
    assert (task.account and task.account.name) == customer
    if "Nordwind" in line and customer is None:
        assert "Several customers fit" in shown(client, line)


@pytest.mark.parametrize("line", ["", "   ", "tomorrow 10:00"])
def test_a_line_without_a_title_makes_nothing(client, mira, line):
    client.force_login(mira)
    client.post("/tasks/quick/", {"line": line})
    assert not Task.objects.exists()


def test_strange_lines_are_no_error(client, mira):
    client.force_login(mira)
    for line in ("\0", "x" * 5000, "call %_\\ '", "every", "at at at 10:00 10:00", "9" * 300):
        assert client.get("/tasks/quick/", {"line": line}).status_code == 200


def test_what_was_made_in_a_hurry_is_taken_away_again(client, mira):
    client.force_login(mira)
    client.post("/tasks/quick/", {"line": "call Kelp tomorrow 10:00"})
    (undo,) = [undo_url(message.extra_tags) for message in client.get("/me/").context["messages"]]
    client.post(undo)
    assert not Task.objects.exists()
    assert "1 task taken away again." in client.get("/me/").content.decode()
    client.post(undo)
    assert "0 tasks taken away again." in client.get("/me/").content.decode()


@pytest.mark.parametrize("change", [{"title": "Call Kelp twice"}, {"done_at": NOON}, {"snoozed_until": NOON}])
def test_what_somebody_has_worked_with_since_stays(client, mira, change):
    client.force_login(mira)
    client.post("/tasks/quick/", {"line": "call Kelp tomorrow 10:00"})
    (undo,) = [undo_url(message.extra_tags) for message in client.get("/me/").context["messages"]]
    Task.objects.update(**change)
    client.post(undo)
    assert Task.objects.filter(**change).exists()
    assert "1 task stayed, because somebody has changed it since." in client.get("/me/").content.decode()
