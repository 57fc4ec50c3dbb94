"""What tests in a real browser share: their marks, and how somebody signs in. The browser itself is in conftest.py."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from crm.team.models import User

CHROMIUM = shutil.which("chromium")

WITH_CHROMIUM = pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path (CI installs it)")
#: `pytestmark` of a file whose tests open a browser on pages of ours.
IN_A_BROWSER = [pytest.mark.journey, pytest.mark.real_time, pytest.mark.django_db(transaction=True), WITH_CHROMIUM]

#: Of a journey that must be possible on a large window and on a telephone's.
AT_BOTH_WIDTHS = pytest.mark.parametrize("width", [1440, 390])

_GRAVE = {"serious", "critical"}
#: Frames hold what others wrote, and run nothing: axe would wait in them for an answer.
_RULES = {
    "resultTypes": ["violations"], "iframes": False,
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
}  # fmt: skip


def with_axe(page: Page) -> Page:
    """Pages that it opens from now on can be asked for `grave_findings`; what is fading in has no colours yet."""
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(Axe().axe_script)
    return page


def grave_findings(page: Page) -> list[str]:
    """What keeps somebody from using the page, each rule with its first places."""
    return [
        f"{finding['id']}: {'; '.join(str(node['target'][0]) for node in finding['nodes'][:3])}"
        for finding in page.evaluate("(options) => axe.run(options)", _RULES)["violations"]
        if finding["impact"] in _GRAVE
    ]


def window(new_context: Any, width: int) -> Page:
    """A page of its own, which can be asked whether it is `sound`."""
    page: Page = new_context(viewport={"width": width, "height": 900}).new_page()
    return with_axe(page)


def sound(page: Page) -> None:
    """What stands there now, dialogs and all, fits into the window, and nothing keeps anybody from using it."""
    page.wait_for_load_state()  # a page that is on its way has nothing to be measured yet
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{too_wide} pixels too wide"
    assert not (found := grave_findings(page)), found


def press(what: Locator, key: str = "Enter") -> None:
    """As somebody without a mouse does: it takes the focus, and the key."""
    what.focus()
    expect(what).to_be_focused()
    what.press(key)


def sign_in(page: Page, server: str, who: str = "Mira") -> None:
    """As Mira, or somebody else of the cast, who stands on Today then: by a session that is there already."""
    client = Client()
    client.force_login(User.objects.get(email=f"{who.lower()}@example.com"))
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server}])
    page.goto(f"{server}/")
    _arrived(page, who)


def sign_in_by_password(page: Page, server: str, who: str = "Mira") -> None:
    """As people do."""
    page.goto(f"{server}/sign-in/")
    page.get_by_label("E-mail address").fill(f"{who.lower()}@example.com")
    page.get_by_label("Password").fill("correct horse")
    page.keyboard.press("Enter")
    _arrived(page, who)


def _arrived(page: Page, who: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(who)
    page.wait_for_load_state()  # keys are heard from here on
