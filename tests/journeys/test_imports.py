"""A file with errors comes in by drag, is looked at, imported and taken back, in a real browser at both widths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.imports.actions import running
from crm.web import clock
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window

pytestmark = IN_A_BROWSER

SHEET = "Customer number;Company;Sector;Country\na1;Acme Österreich;Logistik;AT\na2;Bolt;;Atlantis\na3;Cork;;IE\n"


@AT_BOTH_WIDTHS
def test_from_a_sheet_to_its_undo(
    new_context: Any, live_server: Any, make_user: Any, tmp_path: Path, width: int
) -> None:
    mira = make_user("Mira")
    factories.account("Acme", external_id="a1", owner=mira)
    sheet = tmp_path / "Kunden.csv"
    sheet.write_bytes(SHEET.encode("cp1252"))
    page = window(new_context, width)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/imports/new/")
    page.locator("[data-file]").set_input_files(sheet)
    expect(page.get_by_text("Kunden.csv")).to_be_visible()
    press(page.get_by_role("button", name="Next: its columns"))
    expect(page.get_by_label("Where the column Sector goes")).to_have_value("industry")
    sound(page)
    press(page.get_by_role("button", name="Show what it would do"))
    work(page)
    expect(page.locator("ins").first).to_have_text("Acme Österreich")
    expect(page.get_by_text("line 3: Atlantis")).to_be_visible()
    sound(page)
    press(page.get_by_role("button", name="Import 2 rows"))
    work(page)
    expect(page.get_by_role("link", name="All as CSV")).to_be_visible()
    assert set(Account.objects.values_list("name", flat=True)) == {"Acme Österreich", "Cork"}
    Account.objects.filter(name="Cork").get().tasks.create(title="Call", due_at=clock.now())
    sound(page)
    press(page.get_by_role("button", name=re.compile("Undo…")))
    press(page.get_by_role("button", name="Undo the import"))
    work(page)
    expect(page.get_by_text("Kept, because it has one task")).to_be_visible()
    sound(page)
    assert set(Account.objects.values_list("name", flat=True)) == {"Acme", "Cork"}
    assert complaints == []


def work(page: Page) -> None:
    """A worker comes by; the page looks by itself."""
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    assert running.run(clock.now()) == 1
    expect(page.get_by_text("You can leave this page")).not_to_be_visible()
