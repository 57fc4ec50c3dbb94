"""The example of the texts, from two files to the page, its names and the command, at both widths."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from playwright.sync_api import Page, expect

from crm.imports.actions import Plan, import_file
from crm.web import clock
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, sign_in

pytestmark = IN_A_BROWSER

DAYS = {"start": "2026-04-01", "end": "2026-05-01"}


def business(folder: Path) -> None:
    """500 customers on the first day, 600 on the last, 200 of these new."""
    old, new = [f"s{n}" for n in range(500)], [f"n{n}" for n in range(200)]
    accounts = "".join(f"{name},Customer {name},company\n" for name in old + new)
    (folder / "accounts.csv").write_text("external_id,name,kind\n" + accounts)
    rows = [
        f"c-{name},{name},Team,2026-01-15,{'2026-04-20' if place < 100 else ''},100.00,EUR\n"
        for place, name in enumerate(old)
    ] + [f"c-{name},{name},Team,2026-04-10,,100.00,EUR\n" for name in new]
    header = "external_id,account_external_id,plan,starts_on,ends_on,mrr,currency\n"
    (folder / "contracts.csv").write_text(header + "".join(rows))
    for kind in ("accounts", "contracts"):
        assert import_file(kind, folder / f"{kind}.csv", now=clock.now(), plan=Plan()).rejected == 0


@AT_BOTH_WIDTHS
def test_500_600_200_from_files_to_page_names_and_command(
    page: Page, live_server: Any, make_user: Any, tmp_path: Path, width: int
) -> None:
    make_user("Mira")
    business(tmp_path)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/retention/")
    page.locator("summary", has_text="This quarter").click()
    page.get_by_label("Customers at the start: those of").fill(DAYS["start"])
    page.get_by_label("At the end: those of").fill(DAYS["end"])
    page.get_by_role("button", name="Show").click()
    tiles = page.locator(".tiles .tile")
    expect(tiles.filter(has_text="Kept (CRR)").locator("b")).to_have_text(re.compile(r"^80.0\s%$"))
    churned = tiles.filter(has_text="Churned")
    expect(churned.locator("b")).to_have_text(re.compile(r"^20.0\s%$"))
    expect(churned).to_contain_text("100 of 500 customers")
    out = StringIO()
    call_command("metrics", "--start", DAYS["start"], "--end", DAYS["end"], "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (said["crr"], said["churn_rate"]) == (0.8, 0.2)
    churned.click()
    expect(page.locator("#total")).to_have_text("100 accounts")
    page.go_back()
    page.get_by_role("link", name=re.compile("^New: 20.0k")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_have_text("200 accounts")
