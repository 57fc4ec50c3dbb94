"""An account manager's first minutes in a real browser: every page at both widths and themes, and one task done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from crm.todos.models import Task
from crm.web import clock
from retention.workflows import actions
from tests import factories
from tests.browser import IN_A_BROWSER, sign_in

pytestmark = IN_A_BROWSER

PAGES = ["/", "/accounts/", "/tasks/", "/workflows/", "/workflows/inactivity/", "/mail/", "/me/"]


@pytest.fixture
def house(make_user: Any) -> Any:
    """Mira, two customers of hers, and what the inactivity workflow made of the silent one."""
    now = clock.now()
    mira = make_user("Mira", time_zone="Europe/Berlin")
    actions.enable("inactivity", now - timedelta(days=30))
    for name, days in {"Nordwind Logistics": 40, "Brightcare Clinics": 2}.items():
        account = factories.account(
            name, owner=mira, last_seen_at=now - timedelta(days=days), lifecycle="customer", mrr=3200
        )
        factories.contact(account, first_name="Jonas", timezone="Europe/Berlin")
        factories.contract(account, (now - timedelta(days=300)).date(), (now + timedelta(days=27)).date(), mrr=3200)
    actions.disable("inactivity", now)
    actions.enable("inactivity", now, include_current=True)
    while actions.work(now):
        pass
    Task.objects.create(title="Answer Jonas about exports", owner=mira, account=account, due_at=now)
    return mira


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_and_breaks_no_rule(
    new_context: Any, live_server: Any, house: Any, width: int, theme: str
) -> None:
    context: BrowserContext = new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/")
    account = page.get_by_role("link", name="Nordwind Logistics").first.get_attribute("href")
    for address in [*PAGES, account]:
        page.goto(live_server.url + address)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is {wide} px too wide at {width} px"
    assert complaints == []


def test_a_task_is_done_and_taken_back(page: Page, live_server: Any, house: Any) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/tasks/")
    page.get_by_role("checkbox", name="Complete: Answer Jonas about exports").click()
    expect(page.get_by_role("checkbox", name="Open again: Answer Jonas about exports")).to_be_visible()
    assert Task.objects.get(title="Answer Jonas about exports").done_by == house
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("checkbox", name="Complete: Answer Jonas about exports")).to_be_visible()
    assert Task.objects.get(title="Answer Jonas about exports").done_at is None


def test_a_call_stands_on_the_timeline_at_once(page: Page, live_server: Any, house: Any) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/")
    page.get_by_role("link", name="Brightcare Clinics").first.click()
    page.get_by_role("link", name="Log", exact=True).click()
    page.locator("textarea[name=text]").fill("They want two more seats.")
    page.get_by_role("button", name="Log it").click()
    expect(page.get_by_text("They want two more seats.")).to_be_visible()
