"""Somebody signs in; a task is done on its list, and taken back, by one click each."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from crm.todos.models import Task
from crm.web import clock
from tests.browser import IN_A_BROWSER, sign_in_by_password

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
