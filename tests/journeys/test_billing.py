"""Who billing means is said in a dialog, or that they are nothing to us; a failed payment is noted upon and let go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from crm.accounts.models import Account
from crm.billing.models import BillingCustomer
from crm.ledger.models import Contract
from crm.web import clock
from retention.dunning import actions
from retention.dunning.models import DunningCase, DunningSettings
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window
from tests.crm.billing.objects import at, deliver, event, paid, subscription
from tests.retention.dunning.conftest import declined

pytestmark = IN_A_BROWSER


@AT_BOTH_WIDTHS
def test_somebody_unknown_is_linked_and_others_are_not_ours(
    new_context: Any, live_server: Any, make_user: Any, width: int
) -> None:
    make_user("Ada", "admin")
    kelp = factories.account("Kelp & Co")
    deliver(
        event("invoice.paid", paid(id="in_9", subscription="sub_9"), at("2026-05-12")),
        event("customer.subscription.created", subscription(), at("2026-05-10")),
        event("customer.created", {"id": "cus_2", "object": "customer", "name": "Nobody's"}, at("2026-05-10")),
    )
    page = window(new_context, width)
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/settings/billing/")
    waiting = page.get_by_role("region", name="Who is this?")
    sound(page)

    press(waiting.get_by_role("row", name="cus_1").get_by_role("link", name="Link"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Customer").fill("Nobody at all")
    dialog.get_by_role("button", name="Link").click()
    expect(dialog).to_contain_text("No customer of yours is called")
    assert not Contract.objects.exists()
    sound(page)
    dialog.get_by_label("Customer").fill("kelp & co")
    dialog.get_by_role("button", name="Link").click()
    expect(page.locator(".toast")).to_contain_text("is Kelp & Co")
    assert Contract.objects.get().account == kelp
    expect(waiting).not_to_contain_text("cus_1")
    told = page.get_by_role("region", name="Waits for something")
    expect(told).to_contain_text("Its contract sub_9 has not been reported yet.")

    waiting.get_by_role("button", name="Nobody's is nothing to us").click()
    expect(waiting).to_contain_text("Everybody is known")
    assert BillingCustomer.objects.get(external_id="cus_2").put_away_at
    sound(page)

    page.get_by_role("link", name="Who is not ours").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is not ours")
    sound(page)
    page.get_by_role("link", name="Link Nobody's").click()
    dialog.get_by_label("Customer").fill("Kelp & Co")
    dialog.get_by_role("button", name="Link").click()
    expect(page.locator(".toast")).to_contain_text("Nobody's is Kelp & Co")
    assert BillingCustomer.objects.get(external_id="cus_2").account == kelp


def failed(account: Account) -> DunningCase:
    now = clock.now()
    declined(account, now)
    while actions.work(now):
        pass
    return DunningCase.objects.get()


@AT_BOTH_WIDTHS
def test_a_payment_is_noted_upon_forgiven_and_asked_for_again(
    new_context: Any, live_server: Any, make_user: Any, width: int
) -> None:
    mira = make_user("Mira")
    DunningSettings.objects.create(pk=1, on_since=clock.now() - timedelta(days=1))
    case = failed(factories.account("Kelp & Co", owner=mira))
    page = window(new_context, width)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/retention/dunning/")
    page.get_by_role("link", name="Kelp & Co").first.click()

    press(page.get_by_role("link", name="Note…"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    sound(page)
    dialog.get_by_role("textbox").fill("Their accounts change banks in June.")
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.locator("main")).to_contain_text("Note. Their accounts change banks in June.")
    expect(page.get_by_role("link", name="Change the note…")).to_be_visible()

    press(page.get_by_role("link", name="Forgive…"))
    expect(dialog.get_by_label("Why")).to_be_focused()
    sound(page)
    dialog.get_by_role("textbox").fill("We had promised a free month.")
    dialog.get_by_role("button", name="Forgive it").click()
    expect(page.locator(".toast")).to_contain_text("Forgiven: nothing is tried or asked any more.")
    expect(page.get_by_role("button", name="Try now")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("We had promised a free month.")
    case.refresh_from_db()
    assert not case.is_open
    sound(page)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    case.refresh_from_db()
    assert case.is_open
