"""A filter is built by keyboard, kept as a view and shared; and whoever comes back to a list stands where they were."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window

pytestmark = IN_A_BROWSER


@pytest.fixture
def customers(make_user: Any) -> None:
    mira = make_user("Mira")
    Account.objects.bulk_create(Account(name=f"Kelp {n:03}", mrr=n * 10, owner=mira) for n in range(120))


@AT_BOTH_WIDTHS
def test_a_filter_by_keyboard_becomes_a_shared_view(
    new_context: Any, live_server: Any, make_user: Any, customers: None, width: int
) -> None:
    page = window(new_context, width)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/")
    press(page.locator("a.chip", has_text="Filter"))
    field = page.get_by_label("Field")
    expect(field).to_be_focused()
    field.select_option("mrr")
    comparison = page.get_by_label("Comparison")
    expect(comparison).to_be_focused()
    comparison.select_option(">=")
    expect(page.get_by_label("Value")).to_be_focused()
    sound(page)
    page.keyboard.type("1100")
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_have_text("10 accounts")
    press(page.locator("summary", has_text="Save view"))
    page.locator("#view-name").focus()
    page.keyboard.type("Large")
    press(page.get_by_label("Everybody finds it"), "Space")
    sound(page)
    press(page.get_by_role("button", name="Save view"))
    expect(page.locator(".tabs [aria-current]")).to_contain_text("Large")
    press(page.get_by_label("Take away: MRR is at least"))
    expect(page.locator("#total")).to_have_text("120 accounts")
    press(page.get_by_role("link", name="Reset"))
    expect(page.locator("#total")).to_have_text("10 accounts")

    make_user("Sam", "agent")
    theirs = window(new_context, width)
    sign_in(theirs, live_server.url, "Sam")
    theirs.goto(f"{live_server.url}/accounts/")
    press(theirs.get_by_role("navigation", name="Views").get_by_role("link", name="Large"))
    expect(theirs.locator("#total")).to_have_text("10 accounts")
    sound(theirs)


def test_back_from_a_customer_the_list_stands_where_it_was(page: Page, live_server: Any, customers: None) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/")
    page.locator("[data-more]").scroll_into_view_if_needed()
    expect(page.locator("tbody tr.go")).to_have_count(100)
    row = page.locator("tr", has_text="Kelp 080")
    row.scroll_into_view_if_needed()
    before = row.bounding_box()
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kelp 080")
    page.go_back()
    expect(row).to_be_in_viewport()
    after = row.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 4
