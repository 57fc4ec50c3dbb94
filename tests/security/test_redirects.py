"""No form and no address sends people elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.test import Client, RequestFactory

from crm.team.models import User
from crm.web.returning import next_url
from tests import factories
from tests.security.payloads import ELSEWHERE

OURS = ["/accounts/", "/accounts/?q=a&sort=mrr#x", "/", "/tasks/7/?next=/"]


def leads_to(location: str) -> str:
    """The host that a browser ends at: it drops tabs and line breaks, and takes backslashes for slashes."""
    read = "".join(character for character in location if character not in "\t\r\n").strip("\0 \x01\x1f")
    return urlsplit(urljoin("http://testserver/here/", read.replace("\\", "/"))).netloc


@pytest.mark.parametrize("wanted", ELSEWHERE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_addresses_of_ours_are_returned_to(wanted: str, method: str) -> None:
    request: Any = getattr(RequestFactory(), method)("/", {"next": wanted})
    assert next_url(request, "/otherwise/") == "/otherwise/"


@pytest.mark.parametrize("wanted", OURS)
def test_ours_are(wanted: str) -> None:
    assert next_url(RequestFactory().post("/", {"next": wanted}), "/otherwise/") == wanted


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_page_sends_people_elsewhere(mira: User, signed_in: Any, wanted: str) -> None:
    browser = signed_in(mira)
    task = factories.account("Kelp").tasks.create(title="Call", due_at="2026-06-01T12:00Z", owner=mira)
    answers = [
        browser.post("/theme/", {"theme": "dark", "next": wanted}),
        browser.post(f"/tasks/{task.pk}/completion/", {"next": wanted}),
        browser.post(f"/tasks/{task.pk}/reopening/?next={quote(wanted)}"),
        Client().post("/sign-in/", {"login": "mira@example.com", "password": "correct horse", "next": wanted}),
        browser.get(f"/sign-in/?next={quote(wanted)}"),
    ]
    for answer in answers:
        assert answer.status_code < 500
        if location := answer.get("Location"):
            assert leads_to(location) == "testserver", location
    page = browser.get(f"/tasks/{task.pk}/?next={quote(wanted)}")
    assert page.status_code in {200, 400}
    for start in ("javascript:", "//evil", "https://evil"):
        assert f'href="{start}' not in page.content.decode().lower()
        assert f'action="{start}' not in page.content.decode().lower()
