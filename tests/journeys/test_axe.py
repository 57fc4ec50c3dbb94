"""Every page of the access matrix in a real browser: fit for screen readers, within its width, silent in the console.

A new page cannot be forgotten: it has its row in the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandlerMixin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, ViewportSize

from crm.team.models import User
from tests.architecture.access import ROWS, World
from tests.architecture.test_access_matrix import KNOWN
from tests.browser import IN_A_BROWSER, grave_findings, with_axe
from tests.security.test_queries import VIEWS, more

pytestmark = IN_A_BROWSER

Address = tuple[str, str]  # the name in the matrix, and where it leads
Look = tuple[ViewportSize, str]  # a size and a theme

WIDE, NARROW = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
#: Which pages, and how each is looked at: wide by day every second one, narrow by night those between, a test each; and
#: for whoever has ten minutes, everything of every page.
EVERYTHING: list[Look] = [(size, theme) for size in (WIDE, NARROW) for theme in ("light", "dark")]
PARTS: dict[str, tuple[slice, list[Look]]] = {
    "by day": (slice(0, None, 2), [(WIDE, "light")]), "by night": (slice(1, None, 2), [(NARROW, "dark")]),
    "all": (slice(None), EVERYTHING),
}  # fmt: skip

#: What is wider than the window, or than the card that should hold it, and cannot be scrolled to there.
TOO_WIDE = """() => {
  const wide = (room, edge) =>
    [...room.querySelectorAll("*")].find((one) => one.getBoundingClientRect().right > edge + 1);
  const tell = (one) => one ? `${one.tagName}.${one.className}` : "something";
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) return tell(wide(document.body, root.clientWidth));
  const card = [...document.querySelectorAll("main .card")].find((one) => one.scrollWidth > one.clientWidth + 1
    && getComputedStyle(one).overflowX === "visible" && !one.querySelector("details[open] .pop"));
  return card ? tell(wide(card, card.getBoundingClientRect().right)) : null;
}"""  # fmt: skip


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Without movement: a colour on its way to another has no contrast."""
    return browser_context_args | {"reduced_motion": "reduce", "viewport": WIDE}


@pytest.fixture
def kept_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser asks for each style sheet once, as it does of the real server, not once a page."""
    serve = StaticFilesHandlerMixin.serve

    def kept(self: StaticFilesHandlerMixin, request: HttpRequest) -> HttpResponseBase:
        answer = serve(self, request)
        answer["Cache-Control"] = "max-age=600"
        return answer

    monkeypatch.setattr(StaticFilesHandlerMixin, "serve", kept)


@pytest.fixture
def world(mira: User) -> World:
    world = World(mira)
    more(world, 6)
    return world


def addresses(world: World, public: bool, views: bool) -> Iterator[Address]:
    for name in KNOWN:
        row = ROWS[name]
        if row.public == public and "GET" in row.methods.split() and not name.startswith(("api-", "web:")):
            url = reverse(name, kwargs=row.at(world))
            yield name, url
            yield from ((name, f"{url}?{view}") for view in VIEWS.get(name, []) if views)


def enter(context: BrowserContext, server: str, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server}])


class Inspector:
    """Walks pages and notes what is wrong with them."""

    def __init__(self, page: Page, server: str) -> None:
        self.page, self.server = page, server
        self.found: list[str] = []
        self.said: list[str] = []
        self.seen: list[str] = []
        page.on("console", self._spoken)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        with_axe(page)

    def _spoken(self, message: ConsoleMessage) -> None:
        place = message.location["url"]
        if not place.endswith("/favicon.ico"):  # asked for by a part of a page that is opened alone
            self.said.append(f"{message.text} {place}")

    def walk(self, pages: list[Address], looks: list[Look]) -> None:
        for name, address in pages:
            self.said.clear()
            if not self._opens(address):
                continue
            self.seen.append(name)
            for size, theme in looks:
                self._look(f"{name} {address} at {size['width']} {theme}", size, theme)
            self.found += [f"{name} {address}: console: {words}" for words in self.said]

    def _opens(self, address: str) -> bool:
        """Not what is a part of a page, or a file, or leads elsewhere."""
        try:
            answer = self.page.goto(self.server + address, wait_until="load")
        except Error as error:
            if "Download is starting" not in error.message and "ERR_ABORTED" not in error.message:
                raise
            return False
        if answer is not None and answer.status >= 500:
            self.found.append(f"{address}: {answer.status}")
        here = answer is not None and answer.status == 200 and answer.url == self.server + address
        if answer is not None and "sandbox" in answer.headers.get("content-security-policy", ""):
            return False  # what others wrote: a frame of ours in which nothing runs, nor answers
        return here and bool(self.page.evaluate("document.doctype !== null"))

    def _look(self, place: str, size: ViewportSize, theme: str) -> None:
        self.page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
        for width in (NARROW, WIDE) if size == WIDE else (WIDE, NARROW):
            self.page.set_viewport_size(width)
            if wide := self.page.evaluate(TOO_WIDE):
                self.found.append(f"{place}: too wide at {width['width']}: {wide}")
        self.found += [f"{place}: {finding}" for finding in grave_findings(self.page)]


@pytest.mark.parametrize("part", ["by day", "by night", pytest.param("all", marks=pytest.mark.long)])
def test_every_page_can_be_used_by_everybody(
    context: BrowserContext, page: Page, live_server: Any, kept_styles: None, world: World, ada: User, sam: User,
    part: str,
) -> None:  # fmt: skip
    which, looks = PARTS[part]
    without = list(addresses(world, public=True, views=False))[which]
    within = list(addresses(world, public=False, views=looks is EVERYTHING))[which]
    inspector = Inspector(page, live_server.url)
    inspector.walk(without, looks)
    enter(context, live_server.url, ada)
    inspector.walk(within, looks)
    enter(context, live_server.url, sam)
    inspector.walk([("home:today", "/"), ("settings:index", reverse("settings:index"))], looks)
    assert "\n".join(inspector.found) == ""
    pages = {"account_login", "accounts:detail", "settings:team"} & {name for name, _ in without + within}
    assert pages | {"home:today"} <= set(inspector.seen)
    assert len(inspector.seen) > len(without + within) / 2
