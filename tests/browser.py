"""What tests in a real browser share: their marks, and how somebody signs in. The browser itself is in conftest.py."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, expect

CHROMIUM = shutil.which("chromium")

#: `pytestmark` of a file whose tests open a browser.
IN_A_BROWSER = [
    pytest.mark.journey, pytest.mark.real_time, pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path (CI installs it)"),
]  # fmt: skip


def sign_in(page: Page, server: str, who: str = "Mira") -> None:
    """As Mira, or somebody else of the cast."""
    page.goto(f"{server}/sign-in/")
    page.get_by_label("E-mail address").fill(f"{who.lower()}@example.com")
    page.get_by_label("Password").fill("correct horse")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(who)
    page.wait_for_load_state()  # keys are heard from here on
