"""A list that is narrowed becomes a segment, which is counted while it is made; its rows are put into another."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.segments.models import Segment, SegmentMember
from tests.browser import IN_A_BROWSER, sign_in

pytestmark = IN_A_BROWSER


def test_a_list_becomes_a_segment_and_its_rows_another(page: Page, live_server: Any, make_user: Any) -> None:
    mira = make_user("Mira")
    Account.objects.bulk_create(Account(name=f"Kelp {n:03}", mrr=n * 10, owner=mira) for n in range(12))
    sign_in(page, live_server.url)
    page.goto(f'{live_server.url}/accounts/?f={{"field":"mrr","op":">=","value":90}}')
    page.get_by_role("link", name="Save as segment").click()
    expect(page.locator(".found")).to_have_text("3 accounts")
    page.get_by_label("Value").fill("100")
    expect(page.locator(".found")).to_have_text("2 accounts")
    page.get_by_label("Name").fill("Large")
    page.get_by_role("button", name="Make the segment").click()
    expect(page.locator("#total")).to_have_text("2 accounts")
    expect(page.get_by_text("nothing yet")).to_be_visible()
    page.get_by_label("Choose all rows shown").check()
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Add to segment").click()
    page.get_by_label("Or a new one").fill("Fair")
    page.get_by_role("button", name="Add to segment · 2 customers").click()
    expect(page.get_by_text("You added 2 customers to “Fair”.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Large")
    assert SegmentMember.objects.filter(segment=Segment.objects.get(name="Fair")).count() == 2
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Do it again")).to_be_visible()
    assert not SegmentMember.objects.exists()
