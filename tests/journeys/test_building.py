"""An admin who is no programmer builds a workflow from an empty page, publishes it and switches it on."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from retention.workflows.models import Workflow, WorkflowVersion
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window

pytestmark = IN_A_BROWSER


def add(page: Page, label: str, *, way: int | None = None) -> None:
    """A step at the end of the main way, or at the place `way` among all places."""
    places = page.locator("[data-plus]")
    press(places.nth(way) if way is not None else places.last)
    press(page.locator("[data-kinds] .kind", has_text=label).first)


def kept(page: Page, text: str) -> None:
    """What was typed has come back in the flow, so it is in the draft."""
    expect(page.locator("#flow")).to_contain_text(text)


def write(page: Page, subject: str, text: str) -> None:
    """The letter of the step that stands open."""
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Text").fill(text)
    kept(page, subject)


@AT_BOTH_WIDTHS
def test_from_an_empty_page_to_a_running_workflow(
    new_context: Any, live_server: Any, make_user: Any, width: int
) -> None:
    make_user("Ada", "admin")
    factories.contact(factories.account("Fennel Bakery"), first_name="Odile")
    page = window(new_context, width)
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/workflows/new/")
    page.get_by_label("What is it called?").fill("Quiet ones")
    sound(page)
    page.get_by_role("button", name="Start building").click()

    sound(page)
    press(page.locator("[data-kinds] .kind", has_text="They fall silent").first)
    page.locator('[name="v.days"]').fill("21")
    kept(page, "silent for 21 days")

    add(page, "Send a mail")
    write(page, "Is something in the way?", "Hello {{ contact.first_name }}")
    expect(page.locator("#look")).to_contain_text("Hello Robin")
    expect(page.locator("#look")).to_contain_text("may be blank for some")
    page.get_by_label("Choose a customer").press_sequentially("fenn")
    press(page.get_by_role("button", name="Fennel Bakery"))
    expect(page.locator("#look")).to_contain_text("Hello Odile")
    sound(page)

    add(page, "Wait")
    page.locator('[name="v.for.days"]').fill("3")
    kept(page, "Wait 3 days")

    add(page, "If … else")
    page.get_by_role("button", name="Condition").first.click()
    page.get_by_label("Field", exact=True).select_option("days_silent")
    page.get_by_label("Value", exact=True).fill("30")
    kept(page, "30")
    sound(page)

    places = page.locator("[data-plus]").count()
    add(page, "Create a task", way=places - 3)
    page.get_by_label("Task", exact=True).fill("Call them")
    kept(page, "Call them")

    press(page.get_by_role("button", name="Publish"))
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.locator(".toast")).to_contain_text("Version 1 is published")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".page-head .badge.good")).to_have_text("On")
    steps = WorkflowVersion.objects.get().definition["steps"]
    assert [step["do"] for step in steps] == ["message", "wait", "branch"]
    assert [step["title"] for step in steps[2]["then"]] == ["Call them"]
    assert Workflow.objects.get().state == "on"


def test_the_keyboard_is_enough(new_context: Any, live_server: Any, make_user: Any) -> None:
    make_user("Ada", "admin")
    page = window(new_context, 1440)
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/workflows/new/")
    cards = page.locator(".gallery li")
    everything = cards.count()
    page.get_by_label("Find a recipe").fill("silent")
    expect(cards.filter(visible=True)).to_have_count(2)
    page.get_by_label("Find a recipe").fill("umbrella")
    expect(page.get_by_text("No recipe speaks of that.")).to_be_visible()
    page.get_by_label("Find a recipe").fill("")
    expect(cards.filter(visible=True)).to_have_count(everything)
    page.get_by_role("button", name="Copy and edit Inactivity", exact=True).press("Enter")
    expect(page.locator("[data-panel]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("[data-panel]")).to_have_count(0)

    def order() -> list[str]:
        found: list[str] = page.locator("[data-step-id]").evaluate_all("all => all.map(one => one.dataset.stepId)")
        return found

    page.locator("#step-help").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-step-id]").first).to_have_attribute("data-step-id", "help")
    expect(page.locator("#step-help")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#step-morning")).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.locator("#step-morning")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator("#step-morning")).to_have_count(1)
    assert order()[:2] == ["help", "morning"]
    page.locator("#step-help").press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#step-help")).to_be_focused()
