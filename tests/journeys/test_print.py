"""Printed, pages are ink on paper whatever the reader's theme, and no wider than a sheet."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm.ledger.actions import project
from crm.web import clock
from tests import factories
from tests.browser import IN_A_BROWSER, sign_in, window

pytestmark = IN_A_BROWSER

#: A4 between margins of a centimetre, in pixels of a stylesheet.
SHEET = {"width": 718, "height": 1047}
INK = "[...document.querySelectorAll('h1, .tile b')].map(one => getComputedStyle(one).color)"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_dashboard_is_dark_on_white_whatever_the_theme(
    new_context: Any, live_server: Any, make_user: Any, system: Any
) -> None:
    make_user("Mira")
    account = factories.account("Kelp & Co")
    factories.contract(account, date(2026, 1, 1), mrr=100)
    project([account.pk], clock.now())
    page = window(new_context, 1440)
    sign_in(page, live_server.url)
    inks = []
    for theme in ("light", "dark", ""):
        page.context.clear_cookies(name="theme")
        if theme:
            page.context.add_cookies([{"name": "theme", "value": theme, "url": live_server.url}])
        page.emulate_media(media="print", color_scheme=system)
        page.set_viewport_size(SHEET)  # type: ignore[arg-type]
        page.goto(f"{live_server.url}/retention/")
        assert page.evaluate(TOO_WIDE) <= 0
        inks.append(page.evaluate(INK))
        assert len(inks[-1]) > 4
    assert inks[0] == inks[1] == inks[2]


#: How what stands around cards is laid out.
AROUND = """[...document.querySelectorAll('main .card')].flatMap((card) => {
  const around = []
  for (let one = card.parentElement; one; one = one.parentElement) around.push(getComputedStyle(one).display)
  return around
})"""


@pytest.mark.parametrize("path", ["", "cohorts/", "dunning/report/", "value/"])
def test_cards_stand_below_each_other_and_nothing_of_the_screen_is_printed(
    new_context: Any, live_server: Any, make_user: Any, path: str
) -> None:
    """A grid that breaks over two sheets is drawn over itself."""
    make_user("Mira")
    account = factories.account("Kelp & Co")
    factories.contract(account, date(2024, 12, 1), mrr=100)
    project([account.pk], clock.now())
    page = window(new_context, 1440)
    sign_in(page, live_server.url)
    page.emulate_media(media="print")
    page.set_viewport_size(SHEET)  # type: ignore[arg-type]
    page.goto(f"{live_server.url}/retention/{path}")
    assert set(page.evaluate(AROUND)) == {"block"}
    assert page.locator(".skip, .back").locator("visible=true").count() == 0
    assert page.evaluate(TOO_WIDE) <= 0
