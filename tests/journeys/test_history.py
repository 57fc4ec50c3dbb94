"""Three customers are given away at once by keyboard, and taken back."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from crm.accounts.models import Account
from crm.history.models import Act
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window

pytestmark = IN_A_BROWSER


@AT_BOTH_WIDTHS
def test_choose_change_and_take_back(new_context: Any, live_server: Any, make_user: Any, width: int) -> None:
    page = window(new_context, width)
    mira, sam = make_user("Mira"), make_user("Sam", "agent")
    for n in range(5):
        factories.account(f"Kelp {n}", owner=mira)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/")
    boxes = page.locator("[data-list] input[name=ids]")
    press(boxes.nth(0), "Space")
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text("3 chosen")).to_be_visible()
    sound(page)
    press(page.get_by_role("button", name="Assign owner"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Kelp 0, Kelp 1, Kelp 2")
    dialog.get_by_label("New owner").select_option(label="Sam")
    sound(page)
    press(dialog.get_by_role("button", name="Assign owner · 3 customers"))
    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text("You assigned 3 customers to Sam.")
    assert Account.objects.filter(owner=sam).count() == 3
    sound(page)
    press(toast.get_by_role("button", name="Undo"))
    expect(page.locator("[data-toast]")).to_contain_text("Undone.")
    assert page.url == f"{live_server.url}/accounts/"
    assert Account.objects.filter(owner=mira).count() == 5
    assert list(Act.objects.order_by("pk").values_list("kind", flat=True)) == ["bulk.owner", "undo"]
