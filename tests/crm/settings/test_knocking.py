"""Whether others reach us: each address of ours, asked from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from crm.forms.models import PublicForm
from crm.team.models import User
from tests.crm.outbox.provider import Provider, provider

ON = "/settings/integrations/"


@pytest.fixture
def stands() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture
def admin(client: Client, ada: User, stands: Provider, settings: Any) -> Client:
    """Whose installation is called at the address of a server that answers what the test says."""
    settings.BASE_URL, settings.OUTGOING_ALLOW = stands.url, ["127.0.0.1"]
    client.force_login(ada)
    return client


def tried(admin: Client, name: str) -> str:
    return admin.post(f"{ON}{name}/test/", follow=True).text


def test_an_address_that_answers_as_we_do_is_reached(admin: Client, stands: Provider) -> None:
    stands.answers = [(401, {"type": "urn:holdfast:problem:not-authenticated"})]
    assert f"API tokens: {stands.url}/api/v1/accounts/ is reached from outside." in tried(admin, "api")
    assert [(got.path, "authorization" in got.headers) for got in stands.got] == [("/api/v1/accounts/", False)]
    stands.answers = [(404, b"There is nothing here - Holdfast")]
    assert "/calendar/nobody.ics is reached" in tried(admin, "calendars")


@pytest.mark.parametrize(
    ("answer", "said"),
    [((200, {}), "answers 200, and not as Holdfast does"), ((401, {"detail": "no"}), "answers 401, and not as")],
)
def test_one_that_answers_otherwise_is_somebody_elses(admin: Client, stands: Provider, answer: Any, said: str) -> None:
    stands.answers = [answer]
    assert said in tried(admin, "api")


def test_where_nobody_is_or_nobody_else_may_call_the_page_says_so(admin: Client, settings: Any) -> None:
    settings.OUTGOING_ALLOW = []
    assert "an address of this machine or its network" in tried(admin, "api")
    settings.OUTGOING_ALLOW, settings.BASE_URL = ["127.0.0.1"], "http://127.0.0.1:1"
    assert "http://127.0.0.1:1/api/v1/accounts/ does not answer." in tried(admin, "api")


def test_hooks_of_mail_and_forms_are_asked_for_once_there_are_some(
    admin: Client, stands: Provider, settings: Any
) -> None:  # fmt: skip
    settings.MAIL_HOOKS = ""
    page = admin.get(ON).text
    assert f"{ON}api/test/" in page
    for name in ("mail hooks", "forms", "mail", "nothing"):
        assert admin.post(f"{ON}{name}/test/").status_code == 404
        assert f"{ON}{name.replace(' ', '%20')}/test/" not in page
    assert stands.got == []
    settings.MAIL_HOOKS = "postmark?webhook_secret=a:b"
    PublicForm.objects.create(slug="ask", name="Ask", title="Ask", outcome="lead", fields=[])
    stands.answers = [(200, b""), (200, b'<input name="token">')]
    assert "/hooks/mail/postmark/ is reached" in tried(admin, "mail hooks")
    assert "/f/ask/ is reached" in tried(admin, "forms")
    assert [(got.path, got.method) for got in stands.got] == [("/hooks/mail/postmark/", "HEAD"), ("/f/ask/", "GET")]


def test_only_admins_test(admin: Client, mira: User, stands: Provider) -> None:
    admin.force_login(mira)
    assert admin.post(f"{ON}api/test/").status_code == 403
    assert stands.got == []
