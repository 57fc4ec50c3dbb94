"""A day without a mouse: lists, menus and dialogs by keyboard, and the focus where one expects it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.team.models import User
from crm.todos.models import Task
from crm.web import clock
from tests import factories
from tests.browser import IN_A_BROWSER, sign_in

pytestmark = IN_A_BROWSER

WITHIN = "() => document.activeElement.closest('dialog[open]') !== null"


@pytest.fixture
def desk(page: Page, live_server: Any, mira: User) -> Page:
    """Mira at her list of three customers."""
    for name in ("Alba", "Brig", "Cove"):
        factories.account(name, owner=mira)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/")
    page.wait_for_load_state()
    return page


def test_rows_are_walked_chosen_and_opened(desk: Page) -> None:
    for key in "jjx":
        desk.keyboard.press(key)
    expect(desk.get_by_text("1 chosen")).to_be_visible()
    expect(desk.locator("tr[data-at]")).to_contain_text("Brig")
    desk.keyboard.press("Escape")
    expect(desk.get_by_text("1 chosen")).to_be_hidden()
    desk.keyboard.press("k")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Alba")


def test_menus_open_and_close_under_the_arrow_keys(desk: Page) -> None:
    chip = desk.locator("summary", has_text="Owner")
    chip.focus()
    desk.keyboard.press("ArrowDown")
    expect(desk.get_by_role("link", name="Any", exact=True).first).to_be_focused()
    desk.keyboard.press("ArrowDown")
    expect(desk.get_by_role("link", name="Mine")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(chip).to_be_focused()
    expect(desk.get_by_role("link", name="Mine")).to_be_hidden()

    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("End")
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="Mine")).to_be_hidden()  # whoever leaves a menu behind closes it


def test_dialogs_keep_the_focus_and_give_it_back(desk: Page) -> None:
    link = desk.get_by_role("link", name="Filter", exact=True)
    link.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("dialog", name="Filter accounts")).to_be_visible()
    assert desk.evaluate(WITHIN)
    desk.keyboard.press("Escape")
    expect(link).to_be_focused()

    desk.keyboard.press("?")
    keys = desk.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Choose the row")
    desk.keyboard.press("Escape")
    expect(link).to_be_focused()

    desk.locator("details.me > summary").focus()
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="Keyboard shortcuts").focus()
    desk.keyboard.press("Enter")
    expect(keys).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.locator("details.me > summary")).to_be_focused()  # its menu has closed over the button


def test_what_was_done_is_told_and_the_page_is_a_jump_away(desk: Page, live_server: Any, mira: User) -> None:
    Task.objects.create(title="Call Alba", owner=mira, due_at=clock.now())
    desk.goto(f"{live_server.url}/tasks/")
    desk.wait_for_load_state()
    desk.keyboard.press("Tab")
    expect(desk.get_by_text("Skip to the page")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("main")).to_be_focused()
    desk.keyboard.press("j")
    desk.keyboard.press("e")
    told = desk.get_by_role("status").filter(has_text="Done: Call Alba")
    expect(told.get_by_role("button", name="Undo")).to_be_visible()
