"""Clean data without trying: a double is pointed out while it is typed, merged, and taken apart again."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from crm.accounts.models import Account
from crm.duplicates import sweeping
from crm.timeline.actions import Fact, record
from crm.web import clock
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window

pytestmark = IN_A_BROWSER


@AT_BOTH_WIDTHS
def test_a_double_is_seen_merged_and_taken_apart(
    new_context: Any, live_server: Any, make_user: Any, width: int
) -> None:
    page = window(new_context, width)
    mira = make_user("Mira")
    kelp = factories.account("Kelp & Co", domain="kelp.example", owner=mira, industry="Food")
    sign_in(page, live_server.url)

    page.goto(f"{live_server.url}/accounts/new/")
    page.get_by_label("Name", exact=True).fill("KELP Ltd")
    expect(page.get_by_text("looks like this: the same name")).to_be_visible()
    sound(page)
    page.get_by_label("Domain").fill("www.kelp.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("KELP Ltd")
    double = Account.objects.get(name="KELP Ltd")
    record(Fact(double.pk, "note.written", "They want invoices by post"))
    while sweeping.run(clock.now()):
        pass

    page.goto(f"{live_server.url}/duplicates/")
    expect(page.get_by_role("heading", name="The same domain and the same name")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge into Kelp & Co")
    sound(page)
    press(page.get_by_role("button", name="Merge", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("Kelp & Co")
    expect(page.get_by_text("They want invoices by post")).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{live_server.url}/accounts/{double.pk}/")  # an old link
    expect(other).to_have_url(f"{live_server.url}/accounts/{kelp.pk}/")

    sound(page)
    with page.expect_navigation():
        press(page.get_by_role("button", name="Undo").first)
    page.goto(f"{live_server.url}/accounts/{double.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("KELP Ltd")
    expect(page.get_by_text("They want invoices by post")).to_be_visible()
