"""Somebody signs in; a task is done on its list, and taken back, by one click each."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from crm.pipelines.actions.shaping import add_pipeline
from crm.todos.models import Task
from crm.web import clock
from tests.browser import IN_A_BROWSER, sign_in, sign_in_by_password, window

pytestmark = IN_A_BROWSER


def test_a_task_is_done_and_taken_back(page: Page, live_server: Any, make_user: Any) -> None:
    mira = make_user("Mira", time_zone="Europe/Berlin")
    Task.objects.create(title="Answer Jonas about exports", owner=mira, due_at=clock.now())
    sign_in_by_password(page, live_server.url)
    page.goto(f"{live_server.url}/tasks/")
    page.get_by_role("checkbox", name="Complete: Answer Jonas about exports").click()
    expect(page.get_by_role("checkbox", name="Open again: Answer Jonas about exports")).to_be_visible()
    assert Task.objects.get().done_by == mira
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("checkbox", name="Complete: Answer Jonas about exports")).to_be_visible()
    assert Task.objects.get().done_at is None


def test_what_somebody_has_emptied_stays_empty_when_it_is_refused(page: Page, live_server: Any, make_user: Any) -> None:
    pipeline, _ = add_pipeline({"name": "Sales"}, make_user("Ada", "admin"), clock.now(), template="sales")
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/pipelines/{pipeline.pk}/shape/")
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="Qualify", exact=True).click()
    field = page.locator("dialog[open] [name=name]")
    expect(field).to_have_value("Qualify")
    field.fill("")
    page.locator("dialog[open] form").evaluate("form => { form.noValidate = true }")
    field.press("Enter")
    expect(page.locator("dialog[open]")).to_contain_text("Fill this in.")
    expect(field).to_have_value("")


def test_a_menu_stays_in_the_window(new_context: Any, live_server: Any, make_user: Any) -> None:
    pipeline, _ = add_pipeline({"name": "Sales"}, make_user("Ada", "admin"), clock.now(), template="sales")
    page = window(new_context, 390)
    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/pipelines/{pipeline.pk}/shape/")
    for menu in page.locator("main details[data-menu]").all():
        menu.locator("summary").click()
        box = menu.locator(".pop").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        page.keyboard.press("Escape")
