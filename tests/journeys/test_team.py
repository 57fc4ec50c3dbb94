"""Two stories of the admin in a real browser: a colleague leaves, and somebody new joins."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.team.models import User
from crm.todos.models import Task
from crm.web import clock
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sound, with_axe

pytestmark = IN_A_BROWSER


@pytest.fixture
def office(page: Page, live_server: Any, ada: User, mira: User, olaf: User) -> Page:
    """Ada at the settings; Mira has three customers and a task."""
    for name in ("Kelp", "Nordwind", "Tagus"):
        account = factories.account(name, owner=mira)
    Task.objects.create(title="Call Tagus", owner=mira, account=account, due_at=clock.now())
    with_axe(page).goto(f"{live_server.url}/sign-in/")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password").fill("correct horse")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Settings").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    return page


@AT_BOTH_WIDTHS
def test_a_leaver_hands_everything_over(office: Page, live_server: Any, mira: User, olaf: User, width: int) -> None:
    office.set_viewport_size({"width": width, "height": 900})
    office.get_by_label("Find a setting").fill("leaver")
    expect(office.get_by_role("link", name="Devices")).to_be_hidden()
    office.keyboard.press("Enter")
    press(office.get_by_role("link", name="Mira"))
    office.get_by_label("To", exact=True).select_option(label="Olaf")
    sound(office)
    press(office.get_by_role("button", name="Hand everything over"))
    expect(office.get_by_role("status").filter(has_text="3 customers")).to_be_visible()
    assert set(Account.objects.values_list("owner__name", flat=True)) == {"Olaf"}

    sound(office)
    press(office.get_by_role("button", name="Undo"))
    expect(office.get_by_role("heading", level=1)).to_be_visible()
    assert set(Account.objects.values_list("owner__name", flat=True)) == {"Mira"}
    assert Task.objects.get().owner == mira

    office.goto(f"{live_server.url}/settings/team/{mira.pk}/")
    office.get_by_label("To", exact=True).select_option(label="Olaf")
    press(office.get_by_role("button", name="Hand everything over"))
    press(office.get_by_role("button", name="Close it"))
    expect(office.get_by_text("closed", exact=True)).to_be_visible()
    mira.refresh_from_db()
    assert not mira.is_active
    assert Task.objects.get().owner == olaf


def test_somebody_new_joins_by_the_link(office: Page, live_server: Any, new_context: Any) -> None:
    office.get_by_role("link", name="People Invite").click()
    office.get_by_role("link", name="Invite", exact=True).click()
    office.get_by_label("E-mail address").fill("nova@example.com")
    office.get_by_label("Name").fill("Nova Lind")
    office.get_by_role("button", name="Invite").click()
    link = office.get_by_label("The link is on its way by mail").input_value()

    theirs = new_context(viewport={"width": 390, "height": 844}).new_page()
    theirs.goto(f"{live_server.url}/invitations/{link.split('/invitations/')[1]}")
    theirs.get_by_label("Password", exact=True).fill("calm harbour town")
    theirs.get_by_label("Password again").fill("calm harbour town")
    theirs.get_by_role("button", name="Join").click()
    expect(theirs.get_by_role("heading", level=1)).to_contain_text("Nova")
    assert User.objects.get(email="nova@example.com").is_active
