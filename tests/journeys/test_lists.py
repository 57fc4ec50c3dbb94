"""A filter is built by keyboard, kept as a view and shared; and whoever comes back to a list stands where they were."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.segments.models import SavedView
from tests.journeys.test_browser import sign_in

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.journey, pytest.mark.real_time, pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path (CI installs it)"),
]  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _database_beside_the_browser() -> Iterator[None]:
    """Playwright's synchronous interface runs an event loop in this thread, which Django would otherwise refuse."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}


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
