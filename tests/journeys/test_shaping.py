"""An admin builds a win-back pipeline, others cannot; a stage asks, is archived with its deal in it, and comes back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from crm.pipelines.actions.opening import NewDeal, open_deal
from crm.pipelines.actions.shaping import add_pipeline
from crm.pipelines.models import Deal, Pipeline, Stage
from crm.team.models import User
from crm.web import clock
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window

pytestmark = IN_A_BROWSER


@pytest.fixture
def cast(make_user: Any) -> None:
    make_user("Ada", "admin")
    make_user("Mira")
    make_user("Sam", "agent")


def stages(page: Page) -> Locator:
    return page.locator("[data-sorting]").first.locator("[data-item] a.stage")


def change(page: Page, stage: str) -> Locator:
    """The dialog of a stage."""
    stages(page).get_by_text(stage, exact=True).click()
    return page.get_by_role("dialog")


def another(page: Page, server: str, who: str) -> None:
    page.context.clear_cookies()
    sign_in(page, server, who)


@AT_BOTH_WIDTHS
def test_win_back_from_its_template_to_the_audit_log(
    new_context: Any, live_server: Any, cast: None, width: int
) -> None:
    page, here = window(new_context, width), live_server.url
    sign_in(page, here, "Ada")
    page.goto(f"{here}/pipelines/")
    page.get_by_role("link", name="Make the first one").click()
    sound(page)
    page.get_by_role("link", name="Win-back").click()
    sound(page)
    page.get_by_role("button", name="Make the pipeline").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Win-back")
    pipeline = Pipeline.objects.get()

    page.get_by_role("link", name="New field").click()
    page.get_by_label("Name", exact=True).fill("Why they left")
    page.get_by_role("button", name="Make the field").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Win-back")
    dialog = change(page, "Offer made")
    sound(page)
    dialog.get_by_label("Why they left").check()
    dialog.get_by_label("Plan", exact=True).uncheck()
    dialog.get_by_label("MRR", exact=True).uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("[data-name='Offer made']")).to_contain_text("asks for Why they left")
    sound(page)

    # By keyboard, with her eyes closed: lifted, put back, lifted again and dropped. Then by the mouse, and back.
    grip = page.get_by_role("button", name="Move Reason solved")
    press(grip, "Space")
    expect(page.locator("[data-said]")).to_contain_text("Reason solved is lifted, 3 of 4.")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("[data-said]")).to_have_text("Reason solved is back, 3 of 4.")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    with page.expect_response("**/stages/order/"):
        page.keyboard.press("Space")
    expect(page.locator("[data-said]")).to_have_text("Reason solved is dropped, 2 of 4.")
    expect(grip).to_be_focused()
    expect(page.locator(".toast").last).to_contain_text("The stages are in their new order.")
    expect(stages(page)).to_have_text(["Left", "Reason solved", "Contacted", "Offer made"])
    took, over = page.get_by_role("button", name="Move Contacted").bounding_box(), stages(page).first.bounding_box()
    assert took
    assert over
    page.mouse.move(took["x"] + 10, took["y"] + 10)
    page.mouse.down()
    page.mouse.move(took["x"] + 10, over["y"] - 4, steps=6)
    with page.expect_response("**/stages/order/"):
        page.mouse.up()
    order = ["Contacted", "Left", "Reason solved", "Offer made"]
    assert list(Stage.objects.filter(outcome="open").values_list("name", flat=True)) == order

    # An agent reads the board, and may not shape it.
    another(page, here, "Sam")
    page.goto(f"{here}/pipelines/{pipeline.pk}/")
    expect(page.get_by_role("link", name="Shape")).to_have_count(0)
    page.goto(f"{here}/pipelines/{pipeline.pk}/shape/")
    expect(page.locator("main")).to_contain_text("Your role does not include “Shape pipelines”.")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)

    # A manager's move into the stage asks for the field.
    solved = Stage.objects.get(name="Reason solved")
    Stage.objects.filter(pk=solved.pk).update(checklist=[])
    new = NewDeal(factories.account("Kelp").pk, pipeline.pk, "Back: Kelp", solved.pk)
    row = open_deal(new, None, clock.now())
    another(page, here, "Mira")
    page.goto(f"{here}/deals/{row.pk}/")
    page.get_by_role("link", name="Move", exact=True).click()
    page.get_by_role("button", name="Offer made").click()
    page.get_by_label("Why they left").fill("Too few seats")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".toast").last).to_contain_text("Kelp is in Offer made.")
    assert Deal.objects.get().custom == {"why_they_left": "Too few seats"}

    # The stage goes to the archive and its deal elsewhere; taken back, both are where they were.
    another(page, here, "Ada")
    page.goto(f"{here}/pipelines/{pipeline.pk}/shape/")
    press(page.get_by_label("More for Offer made"))
    page.get_by_role("link", name="Archive…").locator("visible=true").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 open deal stands here and needs another stage.")
    sound(page)
    dialog.get_by_label("Contacted").check()
    dialog.get_by_role("button", name="Archive and move 1 deal").click()
    expect(page.locator(".toast").last).to_contain_text("Archived the stage Offer made")
    assert Deal.objects.get().stage.name == "Contacted"
    page.locator(".toast").last.get_by_role("button", name="Undo").click()
    expect(stages(page)).to_have_text(order)
    assert Deal.objects.get().stage.name == "Offer made"

    page.goto(f"{here}/settings/audit/")
    for told in (
        "added the pipeline Win-back from the template Win-back",
        "changed required fields of the stage Offer made of Win-back",
        "put the stages of Win-back into another order",
        "archived the stage Offer made of Win-back and moved 1 open deal to Contacted",
    ):
        expect(page.locator("#log")).to_contain_text(told)


def test_a_refused_stage_shows_what_is_to_be_mended_first(new_context: Any, live_server: Any, cast: None) -> None:
    """On a telephone the button is far below the first field."""
    page, ada = window(new_context, 390), User.objects.get(email="ada@example.com")
    pipeline, _ = add_pipeline({"name": "Sales"}, ada, clock.now(), template="sales")
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/pipelines/{pipeline.pk}/shape/")
    page.get_by_role("link", name="Add a stage").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Probability in %").fill("999")
    dialog.locator("form").evaluate("form => { form.noValidate = true }")
    dialog.get_by_role("button", name="Add the stage").click()
    expect(dialog.get_by_text("Write 100 or less.")).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    expect(dialog.get_by_label("Name", exact=True)).to_be_in_viewport()
