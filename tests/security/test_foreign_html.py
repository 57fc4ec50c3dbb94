"""HTML from outside runs nothing: payloads as a frame shows them, and what is left of them without frame and policy."""

from __future__ import annotations

from html import escape

import pytest
from django.test import RequestFactory
from django.utils.csp import build_policy
from playwright.sync_api import Page, Route

from crm.templatetags.ui import foreign
from crm.web.html import clean, framed
from tests.browser import WITH_CHROMIUM
from tests.security.payloads import IN_MAIL

pytestmark = [pytest.mark.journey, WITH_CHROMIUM]

PAGE = "http://holdfast.test/"
HELD = "window.__held = 0; window.held = () => { top.__held += 1; }; window.alert = window.held;"
#: What people do with what they see.
_PROVOKE = """async () => {
    const inside = [document, ...[...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument)];
    for (const one of inside.flatMap((doc) => [...doc.querySelectorAll("*")])) {
        for (const name of ["mouseover", "focus", "toggle"]) one.dispatchEvent(new Event(name, {bubbles: true}));
    }
    await new Promise((done) => setTimeout(done, 200));
    return window.__held;
}"""


def held(page: Page, rf: RequestFactory, body: str, frames: dict[str, str]) -> int:
    """How often something ran on a page with this body, whose frames are answered with what `framed` makes of these."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        asked.append(url)
        if url == PAGE:
            return route.fulfill(body=f"<!doctype html><meta charset=utf-8>{body}", content_type="text/html")
        if html := frames.get(url.removeprefix(PAGE)):
            made = framed(rf.get("/"), html)
            policy = {"Content-Security-Policy": build_policy(made._csp_config)}  # type: ignore[attr-defined]
            return route.fulfill(body=made.content.decode(), headers={**dict(made.items()), **policy})
        return route.fulfill(body="", content_type="text/css")

    page.route("**/*", answer)
    page.add_init_script(HELD)
    page.goto(PAGE, wait_until="load")
    count: int = page.evaluate(_PROVOKE)
    assert [url for url in asked if "evil.example" in url] == []
    return count


def test_the_detector_hears(page: Page, rf: RequestFactory) -> None:
    assert held(page, rf, "<img src=data:, onerror=held()>", {}) == 1


def test_nothing_runs_in_a_frame(page: Page, rf: RequestFactory) -> None:
    frames = {f"frame/{number}": payload for number, payload in enumerate(IN_MAIL)}
    body = "".join(foreign(f"/{address}", address).replace(' loading="lazy"', "") for address in frames)
    assert held(page, rf, body, frames) == 0
    assert len(page.frames) == len(frames) + 1


def test_what_is_left_runs_nothing_by_itself(page: Page, rf: RequestFactory) -> None:
    lefts = [clean(payload, images=False) for payload in IN_MAIL]
    body = "".join(f"<section><div>{left}</div></section>" for left in lefts)
    again = "".join(f'<div data-again="{escape(left)}"></div>' for left in lefts)
    parsed = "for (const one of document.querySelectorAll('[data-again]')) one.innerHTML = one.dataset.again"
    assert held(page, rf, f"{body}{again}<script>{parsed}</script>", {}) == 0
