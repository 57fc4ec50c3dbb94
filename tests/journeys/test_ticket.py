"""An agent at a ticket, without a mouse: answers, thinks better of it, notes, solves; and no rule of axe is broken."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.team.models import User
from crm.tickets.actions.hearing import NewTicket, begin, hear
from crm.tickets.actions.saying import Said
from crm.tickets.models import Macro, Ticket, TicketDraft
from crm.web import clock
from tests import factories
from tests.browser import IN_A_BROWSER, grave_findings, sign_in, with_axe

pytestmark = IN_A_BROWSER


def _said(text: str, key: str) -> Said:
    return Said(text, "email", clock.now() - timedelta(minutes=9), None, "Sofia", "sofia@nordwind.example", key)


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Without movement: a colour on its way to another has no contrast."""
    return browser_context_args | {"reduced_motion": "reduce"}


@pytest.fixture
def ticket(sam: User, settings: Any) -> Ticket:
    settings.EMAIL_URL = "smtp://localhost:1"
    factories.account("Nordwind", domain="nordwind.example")
    Macro.objects.create(name="Lifted", body="Hello {{ contact.first_name }}, it is lifted.", sets={"priority": 3})
    return begin(NewTicket("Export times out", _said("It stops.", "first")), clock.now())


def test_answered_undone_noted_and_solved_by_keyboard(page: Page, live_server: Any, ticket: Ticket, sam: User) -> None:
    sign_in(with_axe(page), live_server.url, "Sam")
    page.goto(f"{live_server.url}/tickets/{ticket.pk}/")
    page.wait_for_load_state("networkidle")
    assert grave_findings(page) == []

    page.keyboard.press("r")
    expect(page.locator("#answer-text")).to_be_focused()
    page.keyboard.type("Dear Sofia")
    expect(page.locator("#answer [data-kept]")).to_contain_text("draft kept")
    assert TicketDraft.objects.get(user=sam).text == "Dear Sofia"
    hear(ticket, _said("One more file.", "second"), clock.now())
    page.evaluate("document.querySelector('[data-pulse]').dispatchEvent(new Event('pulse'))")
    expect(page.locator("#talk")).to_contain_text("One more file.")
    expect(page.locator("#answer-text")).to_have_value("Dear Sofia")

    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg.out .said")).to_have_text("Dear Sofia")
    expect(page.locator(".msg.out [data-leaves]")).to_contain_text("leaves in")
    expect(page.locator("#answer-text")).to_have_value("")
    page.locator(".toast").get_by_role("button", name="Undo").press("Enter")
    expect(page.locator("#answer-text")).to_have_value("Dear Sofia")
    expect(page.locator("#talk")).to_contain_text("called an answer off")

    page.locator("body").press("n")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("Ask the engineers")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg.note")).to_contain_text("Note to the team")
    expect(page.locator("#answer-text")).to_be_hidden()
    assert grave_findings(page) == []

    page.locator("body").press("s")
    expect(page.locator("#standing")).to_contain_text("Solved")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.messages.filter(kind="out", called_off_at=None).count()) == ("solved", 0)


def test_a_queue_is_worked_off_by_keyboard(page: Page, live_server: Any, ticket: Ticket) -> None:
    second = begin(NewTicket("Invoice is wrong", _said("The address is the old one.", "other")), clock.now())
    page.set_viewport_size({"width": 1440, "height": 900})
    sign_in(page, live_server.url, "Sam")
    page.goto(f"{live_server.url}/tickets/?view=open&sort=created")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Export times out")
    beside = page.get_by_role("navigation", name="Queue")
    expect(beside.get_by_role("link", name="Invoice is wrong")).to_be_visible()

    page.locator("summary", has_text="Status").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Open", exact=True)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")

    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Lifted")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#answer-text")).to_have_value("Hello Sofia, it is lifted.")
    expect(page.locator("[data-sets]")).to_contain_text("Priority: High")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg.out .said")).to_have_text("Hello Sofia, it is lifted.")
    expect(page.locator("#ticket-known")).to_contain_text("Sam answered first")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", level=1)).to_have_text("Invoice is wrong")
    expect(page.locator(".toast")).to_contain_text(f"#{ticket.pk} is solved.")
    expect(beside.locator("li", has_text="Export times out")).to_contain_text("solved")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.assigned_because) == ("solved", 3, "Sam answered first")

    page.keyboard.press("r")
    page.keyboard.type("It is corrected.")
    page.locator("[aria-label='Send and …']").press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tickets")  # it was the last one
    expect(page.locator(".toast")).to_contain_text("leaves in 10 seconds")
    second.refresh_from_db()
    assert second.status == "solved"
    page.locator(".toast").get_by_role("button", name="Undo").press("Enter")
    expect(page.locator("#answer-text")).to_have_value("It is corrected.")
    page.locator("body").press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tickets")
    expect(page.locator("tbody")).to_contain_text("Invoice is wrong")
