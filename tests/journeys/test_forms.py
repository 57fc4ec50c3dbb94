"""An admin builds a form; somebody sends it in a hurry on a page of another origin: one lead, with its source."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from crm.accounts.models import Account
from crm.fields.models import CustomField
from crm.forms import rules
from crm.forms.models import FormEntry, PublicForm
from crm.inbox import actions
from crm.web import clock
from tests.browser import IN_A_BROWSER, press, sign_in, sound, with_axe

pytestmark = IN_A_BROWSER


class _Foreign(BaseHTTPRequestHandler):
    """A page of somebody else: whatever is put on it."""

    def __init__(self, page: dict[str, str], *args: Any) -> None:
        self.page = page
        super().__init__(*args)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>Shop</title><h1>Prices</h1>{self.page['body']}".encode())

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def foreign() -> Iterator[tuple[str, dict[str, str]]]:
    """A second origin, and what stands on its page."""
    page = {"body": ""}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Foreign, page))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", page
    server.shutdown()
    server.server_close()


def built(page: Page, server: str, origin: str) -> str:
    """By an admin, with a field of their own that must be filled in; returns the snippet for other pages."""
    sign_in(page, server, "Ada")
    page.goto(f"{server}/settings/forms/")
    page.get_by_role("link", name="Make the first one").click()
    page.wait_for_load_state()
    # It looks as it is on the screen, whatever is still to be filled in; a long word stays inside.
    page.get_by_label("Heading").fill("Donaudampfschifffahrtsgesellschaft" * 2)
    expect(page.locator(".form-preview h3")).to_contain_text("gesellschaft")
    expect(page.get_by_label("Heading")).to_be_focused()
    sound(page)
    page.get_by_label("Heading").fill("")
    page.get_by_label("Name", exact=True).fill("Book a demo")
    for field in ("account.name", "account.custom.seats", "contact.name"):
        page.get_by_label("Add a field").select_option(field)
        page.get_by_role("button", name="Add field").click()
        expect(page.locator(f'input[name="label:{field}"]')).to_be_focused()
    expect(page.locator('input[name="required:account.custom.seats"]')).to_be_checked()
    press(page.get_by_role("button", name="Move up: Your name"))  # past the seats
    expect(page.locator("[data-line]").nth(2)).to_contain_text("Your name")
    expect(page.get_by_role("button", name="Move up: Your name")).to_be_focused()
    handle, first = page.locator("[data-handle]").nth(2), page.locator("[data-line]").first
    handle.scroll_into_view_if_needed()
    box, top = handle.bounding_box(), first.bounding_box()
    assert box
    assert top
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 8, top["y"] + 4, steps=6)
    page.mouse.up()
    expect(page.locator("#preview label").first).to_have_text("Your name (optional)")
    page.get_by_label("Words beside a box to tick").fill("Write me once a year.")
    expect(page.locator("#preview")).to_contain_text("Write me once a year.")
    page.get_by_label("May stand in a frame on").fill(origin)
    sound(page)
    page.get_by_role("button", name="Make the form").click()
    expect(page.locator(".toast")).to_contain_text("is saved")
    return page.get_by_label("Where the form shall stand").input_value()


def filled(frame: FrameLocator) -> None:
    frame.get_by_label("Your name").fill("Sofia Lindqvist")
    frame.get_by_label("Your e-mail address").fill("sofia@fjord.example")
    frame.get_by_label("Company").fill("Fjord AB")


def test_a_lead_from_a_foreign_page_is_one(
    page: Page, live_server: Any, settings: Any, make_user: Any, foreign: tuple[str, dict[str, str]]
) -> None:
    make_user("Ada", "admin")
    settings.BASE_URL = live_server.url
    CustomField.objects.create(subject="account", key="seats", name="Seats", type="number", required=True)
    (origin, theirs), page = foreign, with_axe(page)
    theirs["body"] = built(page, live_server.url, origin)
    assert [one.target for one in PublicForm.objects.get().asked] == [
        "contact.name", "contact.email", "account.name", "account.custom.seats",
    ]  # fmt: skip

    page.context.clear_cookies()
    page.goto(f"{origin}/prices?utm_source=partner&utm_campaign=spring")
    frame = page.frame_locator("iframe")
    filled(frame)
    frame.get_by_label("Write me once a year.").check()
    frame.get_by_role("button", name="Send").dblclick()
    expect(frame.get_by_text("Seats must have a value.")).to_be_visible()
    expect(frame.get_by_label("Company")).to_have_value("Fjord AB")
    low = page.locator("iframe").bounding_box()
    assert low
    assert low["height"] >= frame.locator("main").bounding_box()["height"]  # type: ignore[index]
    assert FormEntry.objects.count() == 0
    frame.get_by_label("Seats").fill("12")
    page.wait_for_timeout(rules.QUICKEST.total_seconds() * 1000 + 1100)
    frame.get_by_role("button", name="Send").dblclick()
    expect(frame.get_by_role("heading", name="Thank you")).to_be_visible()
    actions.work(clock.now())
    actions.work(clock.now())

    entry, account = FormEntry.objects.get(), Account.objects.get()
    assert (account.name, account.custom, account.contacts.get().email_consent) == ("Fjord AB", {"seats": "12"}, "yes")
    assert (entry.door, entry.source) == (
        "frame", {"page": f"{origin}/prices", "utm_source": "partner", "utm_campaign": "spring"},
    )  # fmt: skip
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}{account.get_absolute_url()}")
    expect(page.get_by_text("Sofia Lindqvist filled in “Book a demo”")).to_be_visible()


def test_a_page_that_it_does_not_name_shows_nothing(
    page: Page, live_server: Any, settings: Any, foreign: tuple[str, dict[str, str]]
) -> None:
    settings.BASE_URL = live_server.url
    origin, theirs = foreign
    asked = [{"target": "contact.email", "label": "E-mail", "help": "", "required": True, "options": []}]
    PublicForm.objects.create(
        name="x", title="x", slug="demo", outcome="lead", fields=asked, origins=["https://other.example"]
    )
    theirs["body"] = f'<script src="{live_server.url}/f/demo/embed.js"></script>'
    page.goto(origin)
    expect(page.locator("iframe")).to_have_count(1)
    page.wait_for_timeout(300)
    assert page.frame_locator("iframe").get_by_label("E-mail").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anybody_can_use_it_on_a_telephone(new_context: Any, live_server: Any, scheme: str, settings: Any) -> None:
    settings.BASE_URL = live_server.url
    asked = [
        {"target": "contact.email", "label": "E-mail", "help": "We answer to it.", "required": True, "options": []},
        {"target": "account.industry", "label": "Trade", "help": "", "required": False, "options": ["Retail", "Other"]},
        {"target": "message", "label": "Message", "help": "", "required": True, "options": []},
    ]
    PublicForm.objects.create(
        name="x", title="Ask us", slug="demo", outcome="lead", fields=asked, consent="Write me once a year."
    )
    page = with_axe(new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme).new_page())
    page.goto(f"{live_server.url}/f/demo/")
    sound(page)
    press(page.get_by_role("button", name="Send"))
    expect(page.get_by_text("Give us an address to answer to.")).to_be_visible()
    sound(page)
