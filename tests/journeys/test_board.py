"""A board in a real browser: dragged and keyed, asked at a gate, won and lost, taken back, beside somebody else."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from crm.accounts.models import Account
from crm.ledger.models import Contract
from crm.pipelines.actions.opening import NewDeal, open_deal
from crm.pipelines.actions.shaping import add_pipeline
from crm.pipelines.models import Deal, Stage
from crm.team.models import User
from crm.web import clock
from tests import factories
from tests.browser import IN_A_BROWSER, grave_findings, sign_in, with_axe

pytestmark = IN_A_BROWSER


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Without movement: a colour on its way to another has no contrast."""
    return browser_context_args | {"reduced_motion": "reduce"}


@pytest.fixture
def stages(mira: User) -> dict[str, Stage]:
    """Of a pipeline of three open stages; the second asks for a check before it is left."""
    pipeline, _ = add_pipeline({"name": "Win-back"}, mira, clock.now(), template="win-back")
    stages = {stage.name: stage for stage in pipeline.stages.all()}
    for stage in stages.values():
        stage.checklist = [{"id": "a", "label": "Somebody answered"}] if stage.name == "Contacted" else []
        stage.required = []
        stage.save()
    for name in ("Alma Yoga", "Delta Print", "Hafen Film"):
        account: Account = factories.account(name, owner=mira)
        open_deal(NewDeal(account.pk, pipeline.pk, f"Back: {name}", plan="Pro", mrr=100), mira, clock.now())  # type: ignore[arg-type]
    return stages


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def card(page: Page, name: str) -> Locator:
    return page.locator("[data-deal]", has_text=name)


def drag(page: Page, what: Locator, to: Locator) -> None:
    began, ends = what.bounding_box(), to.bounding_box()
    assert began
    assert ends
    page.mouse.move(began["x"] + 40, began["y"] + 20)
    page.mouse.down()
    page.mouse.move(began["x"] + 60, began["y"] + 24, steps=3)
    page.mouse.move(ends["x"] + ends["width"] / 2, ends["y"] + 70, steps=8)
    page.mouse.up()


def look(page: Page) -> None:
    """As the board does every five seconds."""
    page.evaluate("document.querySelector('[data-board]').dispatchEvent(new Event('deal:look'))")


def test_dragged_keyed_gated_won_lost_and_undone(
    new_context: Any, live_server: Any, stages: dict[str, Stage], make_user: Any
) -> None:
    make_user("Ben")
    hers, his = (new_context(viewport={"width": 1440, "height": 900}).new_page() for _ in range(2))
    sign_in(with_axe(hers), live_server.url)
    sign_in(his, live_server.url, "Ben")
    for page in (hers, his):
        page.goto(f"{live_server.url}/pipelines/")
        page.wait_for_load_state("networkidle")
    assert grave_findings(hers) == []

    drag(hers, card(hers, "Hafen Film"), column(hers, "Contacted"))
    expect(column(hers, "Contacted").locator("[data-deal]")).to_contain_text("Hafen Film")
    expect(column(hers, "Contacted").locator("[data-figures]")).to_contain_text("1")
    expect(hers.locator(".toast").last).to_contain_text("Hafen Film is in Contacted.")
    look(his)
    expect(column(his, "Contacted").locator("[data-deal]")).to_contain_text("Hafen Film")
    his.route("**/news/**", lambda route: route.fulfill(status=204))  # from here on he hears nothing

    # By keyboard: lifted, carried over and back, put down one column further; with her eyes closed.
    card(hers, "Alma Yoga").get_by_role("link", name="Alma Yoga", exact=True).focus()
    hers.keyboard.press("Space")
    expect(hers.locator("[data-said]")).to_contain_text("Alma Yoga is lifted, in Left, 2 of 2.")
    hers.keyboard.press("ArrowRight")
    expect(hers.locator("[data-said]")).to_have_text("Contacted, 2 of 2.")
    hers.keyboard.press("Escape")
    expect(hers.locator("[data-said]")).to_have_text("Alma Yoga is back in Left, 2 of 2.")
    hers.keyboard.press("Space")
    hers.keyboard.press("ArrowRight")
    hers.keyboard.press("ArrowUp")
    with hers.expect_response("**/place/**") as sent:
        hers.keyboard.press("Space")
    assert sent.value.status == 200
    expect(column(hers, "Contacted").locator("b")).to_have_text(["Alma Yoga", "Hafen Film"])
    expect(card(hers, "Alma Yoga").locator("a.cover")).to_be_focused()
    assert Deal.objects.get(title="Back: Alma Yoga").rank < Deal.objects.get(title="Back: Hafen Film").rank

    # A stage asks; who thinks better of it finds the card where it was, who answers has moved it.
    drag(hers, card(hers, "Hafen Film"), column(hers, "Offer made"))
    expect(hers.get_by_role("dialog")).to_contain_text("Somebody answered")
    assert grave_findings(hers) == []
    hers.keyboard.press("Escape")
    expect(column(hers, "Contacted").locator("b")).to_have_text(["Alma Yoga", "Hafen Film"])
    drag(hers, card(hers, "Hafen Film"), column(hers, "Offer made"))
    hers.get_by_label("Somebody answered").check()
    hers.get_by_role("button", name="Go on").click()
    expect(column(hers, "Offer made").locator("b")).to_have_text("Hafen Film")
    expect(hers.get_by_role("dialog")).to_have_count(0)

    # What Ben does not know yet he cannot undo by accident: the card goes where it stands, and he reads why.
    drag(his, card(his, "Alma Yoga"), column(his, "Reason solved"))
    expect(his.locator(".toast.error")).to_contain_text("Mira has moved")
    expect(column(his, "Contacted").locator("b")).to_contain_text(["Alma Yoga"])

    # Won, with what was sold; lost, with the reason; by the menu of a card.
    card(hers, "Hafen Film").get_by_role("link", name="Hafen Film", exact=True).focus()
    hers.keyboard.press("m")
    hers.get_by_role("button", name="Back won").click()
    hers.get_by_label("MRR in EUR").fill("250")
    hers.get_by_role("button", name="Book and win").click()
    expect(column(hers, "Back").locator("b")).to_have_text("Hafen Film")
    booked = Contract.objects.get()
    assert (booked.status, booked.plan, booked.terms.get().mrr) == ("expected", "Pro", 250)
    card(hers, "Delta Print").get_by_role("link", name="Delta Print", exact=True).focus()
    hers.keyboard.press("m")
    hers.get_by_role("button", name="Stays away lost").click()
    hers.get_by_role("button", name="Lose it").click()
    expect(hers.get_by_role("dialog")).to_be_visible()
    hers.get_by_label("Too expensive").check()
    hers.get_by_role("button", name="Lose it").click()
    expect(column(hers, "Stays away").locator("[data-deal]")).to_contain_text("Too expensive")
    assert grave_findings(hers) == []

    hers.locator(".toast", has_text="Delta Print").get_by_role("button", name="Undo").click()
    expect(column(hers, "Left").locator("b")).to_have_text("Delta Print")
    his.unroute("**/news/**")
    look(his)
    expect(column(his, "Back").locator("b")).to_have_text("Hafen Film")
    expect(column(his, "Left").locator("b")).to_have_text("Delta Print")


def test_by_finger_on_a_narrow_screen(new_context: Any, live_server: Any, stages: dict[str, Stage]) -> None:
    page = new_context(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    sign_in(with_axe(page), live_server.url)
    page.goto(f"{live_server.url}/pipelines/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert grave_findings(page) == []
    box = card(page, "Hafen Film").bounding_box()
    assert box
    wire = page.context.new_cdp_session(page)

    def touch(kind: str, x: float, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", box["x"] + 60, box["y"] + 30)
    expect(page.locator(".deal.ghost")).to_have_count(1)  # after a long press
    for y in range(0, 150, 15):
        touch("touchMove", box["x"] + 60, box["y"] + 30 + y)
    with page.expect_response("**/place/**"):
        touch("touchEnd", 0, 0)
    expect(column(page, "Left").locator("b")).to_have_text(["Delta Print", "Hafen Film", "Alma Yoga"])
    titles = Deal.objects.filter(stage=stages["Left"]).order_by("rank").values_list("title", flat=True)
    assert list(titles) == ["Back: Delta Print", "Back: Hafen Film", "Back: Alma Yoga"]
