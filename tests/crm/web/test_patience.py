"""A list that would take too long asks to narrow it; a list that nothing narrows is never cut off."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from crm.team.models import User
from crm.web import patience
from crm.web.patience import answers_or_asks_to_narrow
from tests import factories

pytestmark = pytest.mark.django_db


@answers_or_asks_to_narrow("q")
def slow(request: Any) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.2)")
        cursor.execute("SHOW statement_timeout")
        return HttpResponse(cursor.fetchone()[0])


@answers_or_asks_to_narrow("q")
def broken(request: Any) -> HttpResponse:
    raise OperationalError("the server closed the connection")


def test_within_its_time_it_answers(rf: RequestFactory) -> None:
    assert slow(rf.get("/", {"q": "x"})).content == b"1s"


def test_whatever_nothing_narrows_has_all_the_time(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_MS", 20)
    assert slow(rf.get("/", {"q": "", "sort": "name"})).content == b"0"


@pytest.mark.parametrize(
    ("views", "address", "whole"),
    [
        ("crm.segments.listing.page", "/accounts/?q=nord", "/accounts/"),
        ("crm.todos.views.listing", "/tasks/?tab=team&section=done", "/tasks/"),
        ("crm.outbox.views", "/mail/?tab=held-back&guard=consent", "/mail/"),
    ],
)
def test_too_slow_a_list_asks_to_narrow_it(
    client: Client, mira: User, monkeypatch: pytest.MonkeyPatch, views: str, address: str, whole: str
) -> None:
    """The whole page around it stands, and the transaction is fit for the next question."""
    factories.account("Nordwind")
    client.force_login(mira)
    monkeypatch.setattr(f"{views}.keyset_page", lambda *a: connection.cursor().execute(
        "SELECT pg_sleep(1)"))  # fmt: skip
    monkeypatch.setattr(patience, "LONGEST_MS", 20)

    page = client.get(address)

    assert page.status_code == 422
    text = page.content.decode()
    assert "This takes too long on so many rows" in text
    assert '<div id="results"' in text
    assert f'<a class="btn" href="{whole}">Show everything</a>' in text
    assert 'href="/tasks/"' in text


def test_another_failure_is_not_taken_for_slowness(rf: RequestFactory) -> None:
    with pytest.raises(OperationalError, match="closed the connection"):
        broken(rf.get("/", {"q": "x"}))
