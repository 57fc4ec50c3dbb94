"""A customer whom no billing system knows: a contract, a payment and what goes back of it, entered and undone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from crm.accounts.models import Account
from crm.ledger.models import Contract, Payment
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, sign_in, sound, window

pytestmark = IN_A_BROWSER


@AT_BOTH_WIDTHS
def test_contract_payment_and_refund_by_hand(new_context: Any, live_server: Any, make_user: Any, width: int) -> None:
    kelp = factories.account("Kelp", owner=make_user("Mira"))
    page = window(new_context, width)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/{kelp.pk}/")
    page.get_by_role("region", name="Contracts").get_by_role("link", name="Add").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Plan").fill("Pro")
    dialog.get_by_label("A month").fill("400")
    dialog.get_by_role("button", name="See what follows").click()
    expect(dialog.get_by_role("status")).to_contain_text("€\N{NARROW NO-BREAK SPACE}0 → €\N{NARROW NO-BREAK SPACE}400")
    sound(page)
    dialog.get_by_role("button", name="Enter it").click()
    expect(page.locator(".toast")).to_contain_text("Entered the contract Pro of Kelp.")
    assert Account.objects.get().mrr == 400

    page.get_by_role("navigation", name="Parts of the story").get_by_role("link", name="Payments").click()
    expect(page.get_by_role("heading", name="No payments yet")).to_be_visible()
    page.get_by_role("link", name="New payment").click()
    dialog.get_by_label("Amount").fill("much")
    dialog.get_by_role("button", name="Enter it").click()
    expect(dialog.get_by_text("Write a number")).to_be_visible()
    dialog.get_by_label("Amount").fill("400")
    dialog.get_by_role("button", name="Enter it").click()
    expect(page.get_by_role("link", name="Refund…")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="Refund…").click()
    sound(page)
    dialog.get_by_label("Amount in EUR").fill("150")
    dialog.get_by_role("button", name="Note the refund").click()
    expect(page.get_by_text("Partly refunded")).to_be_visible()
    page.locator(".toast").last.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Partly refunded")).to_have_count(0)
    assert list(Payment.objects.values_list("contract", "status", "refunded")) == [
        (Contract.objects.get().pk, "paid", 0)
    ]
