"""An admin makes a choice; a manager sets it in place, filters a list by it, sets it for many and takes that back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.fields.models import CustomField
from tests.browser import IN_A_BROWSER, sign_in

pytestmark = IN_A_BROWSER


@pytest.fixture
def kelp(make_user: Any) -> Account:
    make_user("Ada", "admin")
    mira = make_user("Mira")
    Account.objects.bulk_create(Account(name=f"Kelp {n}", owner=mira) for n in range(4))
    return Account.objects.get(name="Kelp 0")


def test_a_choice_from_its_making_to_the_undo_of_many(page: Page, live_server: Any, kelp: Account) -> None:
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/settings/fields/")
    page.get_by_role("link", name="New field").click()
    page.get_by_label("Name", exact=True).fill("Tier")
    expect(page.get_by_label("Options", exact=True)).to_be_hidden()
    page.get_by_role("radio", name="One choice").check()
    page.get_by_label("Options", exact=True).fill("Gold\nSilver")
    page.get_by_role("button", name="Make the field").click()
    expect(page.locator(".toast")).to_contain_text("The field “Tier” is made.")
    assert CustomField.objects.get().key == "tier"

    page.context.clear_cookies()
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/{kelp.pk}/")
    page.locator("summary", has_text="nobody has filled in").click()
    value = page.locator("dt", has_text="Tier").locator("+ dd")
    value.get_by_role("link").click()
    value.get_by_label("Tier").select_option("gold")
    expect(value.get_by_role("link")).to_have_text("Gold")

    page.goto(f"{live_server.url}/accounts/")
    page.locator("a.chip", has_text="Filter").click()
    page.get_by_label("Field").select_option("custom.tier")
    page.get_by_label("Value").select_option("gold")
    page.get_by_role("button", name="Show accounts").click()
    expect(page.locator("#total")).to_have_text("1 account")

    page.goto(f"{live_server.url}/accounts/?cols=custom.tier")
    page.locator("[data-pick-all]").check()
    page.locator(".bulk-bar summary").click()
    page.get_by_role("button", name="Set a field of your own").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_label("New value of Tier")).to_be_hidden()
    dialog.get_by_label("Field", exact=True).select_option("tier")
    dialog.get_by_label("New value of Tier").select_option("silver")
    dialog.get_by_role("button", name="Set a field of your own").click()
    expect(page.locator("td", has_text="Silver")).to_have_count(4)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-toast]")).to_contain_text("Undone.")
    page.goto(f"{live_server.url}/accounts/?cols=custom.tier")
    expect(page.locator("td", has_text="Gold")).to_have_count(1)
    assert not Account.objects.filter(custom__tier="silver").exists()
