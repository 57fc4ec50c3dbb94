"""Two people edit one customer at the same time, each in a browser of their own, by keyboard, at both widths."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from tests import factories
from tests.browser import IN_A_BROWSER, grave_findings, sign_in, with_axe

pytestmark = IN_A_BROWSER


@pytest.fixture
def kelp(make_user: Any) -> Account:
    account = factories.account("Kelp & Co", owner=make_user("Mira"), industry="Food", goal="Close in two days")
    make_user("Sam", "agent")
    return account


def type_into(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


@pytest.mark.parametrize("width", [1440, 390])
def test_both_get_their_way_and_are_asked_where_they_cannot(
    new_context: Any, live_server: Any, kelp: Account, width: int
) -> None:
    hers, his = (new_context(viewport={"width": width, "height": 844}).new_page() for _ in range(2))
    sign_in(with_axe(hers), live_server.url)
    sign_in(his, live_server.url, "Sam")
    for page in (hers, his):
        page.goto(f"{live_server.url}/accounts/{kelp.pk}/edit/")
    type_into(his, "Industry", "Fishing")
    type_into(his, "Domain", "kelp.example")
    his.keyboard.press("Enter")
    expect(his.get_by_text("Kelp & Co is saved.")).to_be_visible()

    type_into(hers, "Industry", "Seaweed")
    type_into(hers, "Goal", "Close in a day")
    hers.keyboard.press("Enter")

    expect(hers.get_by_role("heading", name="Sam changed this customer while you were writing")).to_be_visible()
    expect(hers.get_by_role("radio", name="Keep theirs Fishing")).to_be_focused()
    expect(hers.get_by_text("Domain is kelp.example now: Sam changed it")).to_be_visible()
    expect(hers.get_by_label("Goal", exact=True)).to_have_value("Close in a day")
    assert grave_findings(hers) == []
    assert hers.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    hers.keyboard.press("Enter")  # nothing is decided by going on
    expect(hers.get_by_role("radio", name="Keep theirs Fishing")).to_be_focused()
    assert Account.objects.get().industry == "Fishing"
    hers.keyboard.press("ArrowDown")
    expect(hers.get_by_role("radio", name="Take mine Seaweed")).to_be_checked()
    hers.keyboard.press("Enter")

    expect(hers.get_by_text("Kelp & Co is saved.")).to_be_visible()
    kelp.refresh_from_db()
    assert (kelp.industry, kelp.domain, kelp.goal) == ("Seaweed", "kelp.example", "Close in a day")
