"""A morning by keyboard, in a real browser: find a customer, do with one for today, put tasks off, read what came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.home.models import PutAway
from crm.outbox.models import Notification
from crm.outbox.notifications import notify
from crm.team.models import User
from crm.todos.models import Task
from crm.web import clock
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, sign_in, sound, window

pytestmark = IN_A_BROWSER


@pytest.fixture
def kelp(make_user: Any) -> Account:
    mira: User = make_user("Mira", time_zone="Europe/Berlin")
    now = clock.now()
    account = factories.account(
        "Kelp Foods", owner=mira, mrr=100, lifecycle="customer", renews_on=(now + timedelta(days=9)).date()
    )
    for title in ("Send the offer", "Ask for dates"):
        Task.objects.create(title=title, owner=mira, due_at=now - timedelta(hours=1))
    notify([mira], "task.assigned", "Ada gave you a task: Send the offer", "/tasks/", now)
    return account


@AT_BOTH_WIDTHS
def test_a_customer_is_found_and_something_done_by_keyboard(
    new_context: Any, live_server: Any, kelp: Account, width: int
) -> None:
    page = window(new_context, width)
    sign_in(page, live_server.url)
    page.keyboard.press("Control+k")
    page.keyboard.type("kelp f")
    expect(page.locator("#palette").get_by_role("option", name="Kelp Foods")).to_have_attribute("aria-selected", "true")
    sound(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kelp Foods")
    page.keyboard.press("Control+k")
    page.keyboard.type("new task")
    new_task = page.locator("#palette").get_by_role("option", name="New task", exact=True)
    expect(new_task).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_label("What is to be done")).to_be_focused()
    page.goto(f"{live_server.url}/me/")
    page.keyboard.press("/")
    expect(page.locator("#palette").get_by_role("option", name="Kelp Foods")).to_be_visible()  # opened last
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_enter_takes_what_is_typed_however_quickly(page: Page, live_server: Any, kelp: Account) -> None:
    """What was opened lately stands there before a word is typed, and is not what they meant."""
    person = factories.contact(kelp, first_name="Sofia", last_name="Lind", email="sofia@kelp.example")
    sign_in(page, live_server.url)
    for url in (kelp.get_absolute_url(), person.get_absolute_url()):
        page.goto(f"{live_server.url}{url}")
    page.goto(f"{live_server.url}/tasks/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette").get_by_role("option", name="Sofia Lind")).to_have_attribute("aria-selected", "true")
    page.keyboard.type("kelp f")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kelp Foods")
    page.goto(f"{live_server.url}{person.get_absolute_url()}")
    page.keyboard.press("Control+k")
    page.keyboard.type("note")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kind").or_(page.get_by_text("Log what happened with Kelp Foods")).first).to_be_visible()
    assert f"contact={person.pk}" in page.url


def test_the_day_is_worked_off(page: Page, live_server: Any, kelp: Account) -> None:
    sign_in(page, live_server.url)
    page.get_by_role("button", name="Done for today: Kelp Foods").click()
    expect(page.get_by_text("All done for today")).to_be_visible()
    assert PutAway.objects.get().account == kelp
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Done for today: Kelp Foods")).to_be_visible()
    assert not PutAway.objects.exists()

    page.goto(f"{live_server.url}/tasks/")
    for key in "jxjx":
        page.keyboard.press(key)
    page.locator("#bulk").get_by_text("Snooze or hand on").click()
    page.locator("#bulk").get_by_role("button", name="Tomorrow 09:00").click()
    expect(page.get_by_text("2 tasks snoozed until")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 tasks as before.")).to_be_visible()
    assert not Task.objects.exclude(snoozed_until=None).exists()

    page.get_by_label("Notifications", exact=True).click()
    page.get_by_role("button", name="Ada gave you a task").click()
    page.wait_for_url("**/tasks/")
    assert Notification.objects.get().read_at is not None
