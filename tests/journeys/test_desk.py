"""An account manager at a customer's page, in a real browser: a call with a draft, and two people at one field."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.outbox.models import Notification
from crm.todos.models import Task
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window

pytestmark = IN_A_BROWSER


@pytest.fixture
def kelp(make_user: Any) -> Account:
    mira = make_user("Mira", time_zone="Europe/Berlin")
    make_user("Sam", "agent")
    account = factories.account("Kelp & Co", owner=mira, industry="Food", timezone="Europe/Lisbon")
    factories.contact(account, first_name="Jonas", last_name="Weber")
    return account


@AT_BOTH_WIDTHS
def test_a_call_with_a_draft_a_mention_and_a_follow_up(
    new_context: Any, live_server: Any, kelp: Account, width: int
) -> None:
    page = window(new_context, width)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/{kelp.pk}/")
    press(page.get_by_role("link", name="Log", exact=True))
    page.locator("textarea[name=text]").press_sequentially("They want two more seats. @sa")
    expect(page.get_by_role("button", name="Sam")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="Sam").click()
    expect(page.locator("textarea[name=text]")).to_have_value("They want two more seats. @Sam ")
    page.goto(f"{live_server.url}/accounts/")

    page.goto(f"{live_server.url}/accounts/{kelp.pk}/?log=1")
    expect(page.locator("textarea[name=text]")).to_have_value("They want two more seats. @Sam ")
    page.get_by_label("Minutes").fill("14")
    page.get_by_label("And then").select_option(label="Follow up in a week")
    press(page.get_by_role("button", name="Log it"))

    expect(page.get_by_text("They want two more seats.")).to_be_visible()
    expect(page.get_by_text("Called Jonas Weber · 14 min")).to_be_visible()
    assert Task.objects.get().title == "Call Jonas Weber"
    assert Notification.objects.get().user.name == "Sam"
    sound(page)
    press(page.get_by_role("link", name="Log", exact=True))
    expect(page.locator("textarea[name=text]")).to_have_value("")


def test_two_people_at_one_field(page: Page, live_server: Any, kelp: Account) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/{kelp.pk}/")
    value = page.get_by_title("Edit: Industry")
    value.click()
    field = page.locator("input[name=industry]")
    expect(field).to_be_focused()
    field.fill("Fishing")
    field.press("Escape")
    expect(value).to_have_text("Food")

    value.click()
    expect(field).to_be_focused()  # the form is there, with what was read
    Account.objects.filter(pk=kelp.pk).update(industry="Fishing")
    field.fill("Seaweed")
    field.press("Enter")
    expect(page.locator(".conflict del")).to_have_text("Fishing")
    expect(page.locator(".conflict ins")).to_have_text("Seaweed")
    page.get_by_role("button", name="Use mine").click()

    expect(value).to_have_text("Seaweed")
    expect(page.locator("#about")).to_contain_text("Seaweed")
    assert Account.objects.get().industry == "Seaweed"
