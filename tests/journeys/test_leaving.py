"""A customer opens the link that staff copied and takes a pause; another declines and cancels; staff sees both."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.leaving.actions import set_offers
from crm.leaving.rules import PAUSE, Offer
from crm.ledger.actions import project
from crm.ledger.models import Cancellation, CancelReason, Contract
from crm.web import clock
from tests import factories
from tests.browser import IN_A_BROWSER, sign_in, sound, with_axe

pytestmark = IN_A_BROWSER
SEASON = "Not used in winter"


@pytest.fixture
def contracts(ada: Any, mira: Any) -> list[Contract]:
    """Of two customers of Mira's; whoever does not need it in winter is offered a pause."""
    now = clock.now()
    reason = CancelReason.objects.create(name=SEASON, order=0)
    set_offers({"afterwards": "We keep your data for 90 days."}, {reason.pk: Offer(PAUSE, words="It waits for you.")},
               ada, now)  # fmt: skip
    made = []
    for name in ("Kelp", "Limpet"):
        of = factories.account(name, owner=mira)
        factories.contact(of)
        today = clock.today(now)
        made.append(factories.contract(of, today - timedelta(days=100), today + timedelta(days=265), 100))
        project([of.pk], now)
    return made


def link_of(page: Page, server: str, contract: Contract) -> str:
    """As Mira copies it from the customer's contract."""
    page.goto(f"{server}/contracts/{contract.pk}/leave-link/")
    expect(page.get_by_role("button", name="Copy")).to_be_visible()
    url = page.get_by_label("Link to leave").input_value()
    return server + re.sub(r"^https?://[^/]+", "", url)


def say_why(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label(SEASON).check()
    page.get_by_label("Would you like to say more?").fill("We open again in March.")
    sound(page)
    page.get_by_role("button", name="Go on to cancel").click()
    expect(page.get_by_role("heading", name="Would a pause help?")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Cancel from"))).to_be_visible()  # beside every offer
    expect(page.get_by_text("It waits for you.")).to_be_visible()
    sound(page)


def test_one_takes_a_pause_and_another_leaves(live_server: Any, page: Page, contracts: list[Contract]) -> None:
    server, (stays, goes), page = live_server.url, contracts, with_axe(page)
    sign_in(page, server, "Mira")
    links = [link_of(page, server, contract) for contract in contracts]
    page.context.clear_cookies()  # the customers are nobody of ours

    say_why(page, links[0])
    page.get_by_role("button", name="Pause instead").click()
    expect(page.get_by_role("heading", name="Your contract pauses")).to_be_visible()

    say_why(page, links[1])
    page.get_by_role("link", name="Back, change nothing").click()
    expect(page.get_by_role("link", name="Back, change nothing")).to_have_count(0)
    assert Cancellation.objects.count() == 1
    say_why(page, links[1])
    page.get_by_role("button", name=re.compile("^Cancel from")).click()
    expect(page.get_by_role("heading", name=re.compile("^Your contract ends on"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("button")).to_have_count(0)  # nothing is left to decide
    assert [Contract.objects.get(pk=pk).status for pk in (stays.pk, goes.pk)] == ["paused", "paid"]
    assert Cancellation.objects.filter(effective_on__isnull=False).get().contract_id == goes.pk

    sign_in(page, server, "Mira")
    page.goto(f"{server}/leaving/")
    expect(page.get_by_text(f"leave because of: {SEASON}")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Limpet"))).to_contain_text("We open again in March.")
    expect(page.get_by_role("row", name=re.compile("^A pause"))).to_contain_text("2")  # offered to both
    page.goto(f"{server}/contracts/{stays.pk}/")
    expect(page.get_by_text("kept by a pause")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    stays.refresh_from_db()
    assert stays.status == "paid"
