"""What is planned: calls on either clock, and what follows a call."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.todos.models import Task
from crm.touches import rules
from tests.conftest import NOON
from tests.crm.touches.conftest import HTMX, log

# And then


@pytest.mark.parametrize(("then", "day"), [("tomorrow", 2), ("in three days", 4), ("in a week", 8)])
def test_a_follow_up_is_planned_with_the_call(
    web: Client, kelp: Account, jonas: Contact, mira: User, then: str, day: int
) -> None:
    log(web, kelp, contact=jonas.pk, then=then)

    task = Task.objects.get()
    assert (task.title, task.kind, task.owner, task.contact, task.account) == (
        "Call Jonas Weber", "call", mira, jonas, kelp,
    )  # fmt: skip
    assert task.due_at == datetime(2026, 6, day, 7, tzinfo=UTC)  # nine o'clock in Berlin
    assert task.created_by == mira


def test_a_follow_up_with_words_of_its_own(web: Client, kelp: Account) -> None:
    log(web, kelp, then="in a month", then_title="Send the offer")

    task = Task.objects.get()
    assert (task.title, task.kind, task.due_at.date()) == ("Send the offer", "follow_up", date(2026, 7, 1))


@pytest.mark.parametrize(
    ("choice", "today", "day"),
    [
        ("tomorrow", date(2026, 6, 4), date(2026, 6, 5)),
        ("tomorrow", date(2026, 6, 5), date(2026, 6, 8)),
        ("tomorrow", date(2026, 6, 6), date(2026, 6, 8)),
        ("in a week", date(2026, 6, 7), date(2026, 6, 15)),
    ],
)
def test_no_follow_up_falls_on_a_weekend(choice: str, today: date, day: date) -> None:
    assert rules.soon(choice, today) == day


# Planning


def plan(web: Client, account: Account, **data: Any) -> Any:
    first = {"kind": "call", "day": "2026-06-03", "at": "10:00", "whose": "mine"}
    return web.post(f"/accounts/{account.pk}/plan/", first | data)


@pytest.mark.parametrize(("whose", "hour"), [("mine", 8), ("theirs", 9)])
def test_a_call_is_planned_on_either_clock(
    web: Client, kelp: Account, jonas: Contact, mira: User, whose: str, hour: int
) -> None:
    answer = plan(web, kelp, contact=jonas.pk, whose=whose, body="About seats")

    task = Task.objects.get()
    assert answer.status_code == 302
    assert (task.kind, task.title, task.body, task.owner) == ("call", "Call Jonas Weber", "About seats", mira)
    assert task.due_at == datetime(2026, 6, 3, hour, tzinfo=UTC)


def test_a_persons_own_clock_comes_before_the_customers(web: Client, kelp: Account, jonas: Contact) -> None:
    Contact.objects.filter(pk=jonas.pk).update(timezone="America/New_York")

    plan(web, kelp, contact=jonas.pk, whose="theirs")

    assert Task.objects.get().due_at == datetime(2026, 6, 3, 14, tzinfo=UTC)


def test_both_clocks_are_shown_while_one_chooses(web: Client, kelp: Account) -> None:
    asked = "?part=clocks&kind=call&day=2026-06-03&at=10:00&whose=mine"

    page = web.get(f"/accounts/{kelp.pk}/plan/{asked}", headers=HTMX).content.decode()

    assert "Wed 3 Jun 2026, 10:00 in Berlin" in page
    assert "Wed 3 Jun 2026, 09:00 in Lisbon" in page
    assert not Task.objects.exists()


def test_one_clock_is_enough_where_both_show_the_same() -> None:
    berlin, rome, lisbon = (ZoneInfo(f"Europe/{city}") for city in ("Berlin", "Rome", "Lisbon"))

    assert [whose for whose, _ in rules.two_clocks(NOON, berlin, rome)] == ["you"]
    assert [whose for whose, _ in rules.two_clocks(NOON, berlin, lisbon)] == ["you", "them"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"day": "2026-06-01", "at": "14:00"}, 422),  # now, on Mira's clock
        ({"day": "2026-06-01", "at": "14:01"}, 302),
        ({"day": "", "at": "10:00"}, 422),
        ({"kind": "party"}, 422),
        ({"whose": "nobody's"}, 422),
    ],
)
def test_what_can_be_planned(web: Client, kelp: Account, data: dict[str, str], status: int) -> None:
    assert plan(web, kelp, **data).status_code == status
    assert Task.objects.count() == (status == 302)


def test_the_day_that_is_offered_is_a_working_day(web: Client, kelp: Account) -> None:
    page = web.get(f"/accounts/{kelp.pk}/plan/").content.decode()

    assert 'value="2026-06-02"' in page


def test_the_page_knows_its_dialogs(web: Client, kelp: Account) -> None:
    page = web.get(f"/accounts/{kelp.pk}/").content.decode()

    assert f'href="/accounts/{kelp.pk}/entries/" hx-get="/accounts/{kelp.pk}/entries/" hx-target="#dialog"' in page
    assert "<textarea" not in page
    assert 'hx-trigger="click, load"' not in page
    assert 'hx-trigger="click, load"' in web.get(f"/accounts/{kelp.pk}/?log=1").content.decode()
