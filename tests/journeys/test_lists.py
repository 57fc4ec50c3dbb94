"""A filter is built by keyboard, kept as a view and shared; and whoever comes back to a list stands where they were."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.segments.models import SavedView
from tests.browser import IN_A_BROWSER, sign_in

pytestmark = IN_A_BROWSER


@pytest.fixture
def customers(make_user: Any) -> None:
    mira = make_user("Mira")
    Account.objects.bulk_create(Account(name=f"Kelp {n:03}", mrr=n * 10, owner=mira) for n in range(120))


def test_a_filter_by_keyboard_becomes_a_shared_view(page: Page, live_server: Any, customers: None) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/")
    page.locator("a.chip", has_text="Filter").click()
    field = page.get_by_label("Field")
    expect(field).to_be_focused()
    field.select_option("mrr")
    comparison = page.get_by_label("Comparison")
    expect(comparison).to_be_focused()
    comparison.select_option(">=")
    expect(page.get_by_label("Value")).to_be_focused()
    page.keyboard.type("1100")
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_have_text("10 accounts")
    page.locator("summary", has_text="Save view").click()
    page.locator("#view-name").fill("Large")
    page.get_by_label("Everybody finds it").check()
    page.get_by_role("button", name="Save view").click()
    expect(page.locator(".tabs [aria-current]")).to_contain_text("Large")
    assert SavedView.objects.get().shared
    page.get_by_label("Take away: MRR is at least").click()
    expect(page.locator("#total")).to_have_text("120 accounts")
    expect(page.get_by_text("Changed")).to_be_visible()
    page.get_by_role("link", name="Reset").click()
    expect(page.locator("#total")).to_have_text("10 accounts")


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
