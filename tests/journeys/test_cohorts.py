"""The map of cohorts: a cell leads to as many names as it says, by mouse and by keys; narrow, it scrolls by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.ledger.actions import project
from crm.ledger.rules import add_months
from crm.web import clock, wording
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, sign_in, sound, window

pytestmark = IN_A_BROWSER


@AT_BOTH_WIDTHS
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_cell_leads_to_its_names(new_context: Any, live_server: Any, make_user: Any, width: int, theme: str) -> None:
    make_user("Mira")
    now = clock.now()
    first = add_months(clock.today(now).replace(day=1), -6)
    for number in range(12):
        account = factories.account(f"Kelp {number:02}")
        factories.contract(account, first, add_months(first, 3) if number < 5 else None)
        project([account.pk], now)
    page = window(new_context, width)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/retention/cohorts/")
    sound(page)
    before = page.get_by_role("link", name=f"100 %: 12 of 12 who joined in {first:%B %Y}").last
    before.focus()
    page.keyboard.press("ArrowRight")
    cell = page.get_by_role("link", name=f"58 %: 7 of 12 who joined in {first:%B %Y}").first
    expect(cell).to_be_focused()
    assert cell.evaluate("link => link.tabIndex") == 0
    assert before.evaluate("link => link.tabIndex") == -1
    month = page.get_by_role("rowheader", name=f"{first:%b %Y}").first
    expect(month).to_be_in_viewport()  # though the map has been scrolled to the cell
    page.keyboard.press("Enter")
    last = add_months(first, 4) - timedelta(days=1)
    called = f"Joined in {first:%B %Y}, customers on {wording.day(last)}"
    expect(page.get_by_role("heading", level=1)).to_have_text(called)
    expect(page.get_by_role("link", name="Kelp ")).to_have_count(7)
    page.go_back()
    page.get_by_role("link", name="Breakdown").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("By plan")
    sound(page)
