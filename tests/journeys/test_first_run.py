"""An empty house until its first mail to a customer: an admin walks the first steps in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth
from django.core.management import call_command
from playwright.sync_api import Page, expect

from crm.imports.actions import running
from crm.outbox import actions as outbox
from crm.settings.actions import dns
from crm.web import clock
from retention.workflows import actions as workflows
from tests.browser import IN_A_BROWSER, press, sound, with_axe
from tests.crm.conftest import Server, server  # noqa: F401  (a fixture)

pytestmark = IN_A_BROWSER

RECORDS = {
    "kelp.example": ["v=spf1 include:_spf.kelp.example -all"],
    "_dmarc.kelp.example": ["v=DMARC1; p=quarantine"],
    "default._domainkey.kelp.example": ["v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3"],
}


@pytest.fixture(params=[1440, 390])
def house(request: Any, new_context: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Ada, the first who signs in, at Today."""
    monkeypatch.setattr(dns, "texts_of", lambda name: RECORDS.get(name, []))
    password = StringIO()
    call_command("create_user", "ada@kelp.example", role="admin", name="Ada", stdout=password, stderr=StringIO())
    size = {"width": request.param, "height": 900}
    page: Page = with_axe(new_context(base_url=live_server.url, viewport=size, reduced_motion="reduce").new_page())
    page.goto("/")
    page.get_by_label("E-mail address").fill("ada@kelp.example")
    page.get_by_label("Password").fill(password.getvalue().strip())
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 of 7 done")).to_be_visible()
    return page


def test_from_nothing_to_the_first_mail(house: Page, server: Server, tmp_path: Path) -> None:  # noqa: F811
    protect(house)
    name(house)
    make_believable(house)
    write_to_oneself(house, server)
    tomorrow = clock.today() + timedelta(days=1)
    by_command(tmp_path, "accounts", "external_id,name\na1,Nordwind\n")
    bring(house, tmp_path, "Customer id;Name;E-mail\na1;Jonas Weber;jonas@nordwind.example\n")
    by_command(tmp_path, "contracts", f"external_id,account_external_id,starts_on,mrr\nc1,a1,{tomorrow},100\n")
    switch_on(house)
    noon = datetime.combine(tomorrow, time(12), UTC)
    while workflows.work(noon):
        pass
    go_live(house, server, noon)


def step(page: Page, done: int, label: str) -> None:
    """Begin the next one, from Today."""
    page.goto("/")
    expect(page.get_by_text(f"{done} of 7 done")).to_be_visible()
    sound(page)
    press(page.get_by_role("region", name="First steps").get_by_role("link", name=label, exact=True))


def protect(page: Page) -> None:
    step(page, 0, "Set it up")
    press(page.get_by_role("link", name="Set it up"))
    secret = page.get_by_label("Or type this into the app").input_value()
    _, present, _ = auth.yield_hotp_counters_from_time()
    page.get_by_label("The six digits").fill(auth.format_hotp_value(auth.hotp_value(secret, present)))
    press(page.get_by_role("button", name="Switch it on"))
    press(page.get_by_role("link", name="I have kept them"))
    expect(page.get_by_text("1 of 7 done")).to_be_visible()


def name(page: Page) -> None:
    step(page, 1, "Set it")
    page.get_by_label("Name").fill("Kelp")
    press(page.get_by_role("button", name="Save"))
    expect(page.get_by_text("Saved.")).to_be_visible()


def make_believable(page: Page) -> None:
    step(page, 2, "Look")
    press(page.get_by_role("link", name="Name the sender"))
    page.get_by_label("From").fill("Kelp <hello@kelp.example>")
    press(page.get_by_role("button", name="Save"))
    press(page.get_by_role("button", name="Look"))
    expect(page.locator("#domain .badge.good")).to_have_count(3)
    expect(page.get_by_text("3 of 7 done")).to_be_visible()


def write_to_oneself(page: Page, server: Server) -> None:  # noqa: F811
    step(page, 3, "Write")
    press(page.get_by_role("button", name="Write it"))
    expect(page.get_by_text("A letter to ada@kelp.example is planned.")).to_be_visible()
    outbox.work(clock.now())
    assert [(mail["To"], mail["From"]) for mail in server.mails] == [
        ("Ada <ada@kelp.example>", "Kelp <hello@kelp.example>")
    ]


def by_command(folder: Path, kind: str, text: str) -> None:
    sheet = folder / f"{kind}.csv"
    sheet.write_text(text)
    call_command("import_csv", kind, str(sheet), stdout=StringIO(), stderr=StringIO())


def bring(page: Page, folder: Path, text: str) -> None:
    sheet = folder / "people.csv"
    sheet.write_text(text)
    step(page, 4, "Begin")
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_role("radio", name=re.compile("^Contacts")).check()
    page.locator("[data-file]").set_input_files(sheet)
    press(page.get_by_role("button", name="Next: its columns"))
    for name in ("Show what it would do", "Import 1 row"):
        press(page.get_by_role("button", name=name))
        expect(page.get_by_text("You can leave this page")).to_be_visible()
        assert running.run(clock.now()) == 1
    expect(page.get_by_role("button", name=re.compile("Undo"))).to_be_visible()


def switch_on(page: Page) -> None:
    step(page, 5, "Choose one")
    page.get_by_role("row", name="Onboarding").get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Onboarding is on.")).to_be_visible()


def go_live(page: Page, server: Server, now: datetime) -> None:  # noqa: F811
    outbox.work(now)
    assert len(server.mails) == 1  # people have come in by file, and nobody has looked yet
    step(page, 6, "Look at what waits")
    expect(page.get_by_text("Mail is on hold: 1 message waits.")).to_be_visible()
    expect(page.get_by_role("row", name="Welcome, Jonas")).to_be_visible()
    sound(page)
    press(page.get_by_role("button", name="Go live"))
    expect(page.get_by_text("Mail is live.")).to_be_visible()
    outbox.work(now + timedelta(seconds=1))
    assert [mail["To"] for mail in server.mails[1:]] == ["Jonas Weber <jonas@nordwind.example>"]
    page.goto("/settings/start/")
    expect(page.get_by_text("Everything is done")).to_be_visible()
    sound(page)
