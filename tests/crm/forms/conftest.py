"""A form that brings leads, a form of the support desk, and people who fill them in."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.http import QueryDict
from django.test import Client

from crm.accounts.models import Contact
from crm.forms.models import Asked, PublicForm
from crm.inbox import actions
from crm.web import clock
from tests import factories
from tests.conftest import NOON

GIVEN = {
    "contact.name": "Sofia Lindqvist", "contact.email": "Sofia@fjord.example", "account.name": "Fjord AB",
    "message": "Please show us.",
}  # fmt: skip
#: Long enough for a person to fill it in.
PAUSE = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def forgotten_limits() -> None:
    caches["default"].clear()


@pytest.fixture
def sofia() -> Contact:
    """Somebody at a customer of nobody's."""
    account = factories.account("Nordwind", domain="", industry="")
    return factories.contact(account, first_name="Sofia", last_name="Lindqvist", email="sofia@nordwind.example")


@pytest.fixture
def lead_form() -> PublicForm:
    asked = [
        Asked("contact.name", "Your name"), Asked("contact.email", "E-mail", required=True),
        Asked("account.name", "Company"), Asked("message", "Your message", required=True),
    ]  # fmt: skip
    return PublicForm.objects.create(
        name="Book a demo", title="See it", slug="demo", outcome="lead", fields=[one.kept() for one in asked]
    )


@pytest.fixture
def anybody() -> Client:
    """Without a cookie, and with all of Django's checks of where a form comes from."""
    return Client(enforce_csrf_checks=True)


def token_in(page: Any) -> str:
    return str(re.search(r'name="token" value="([^"]+)"', page.content.decode())[1])  # type: ignore[index]


def send(client: Client, slug: str = "demo", *, token: str = "", query: str = "", after: timedelta = PAUSE,
         at: datetime = NOON, given: Any = None, headers: Any = None, **more: Any) -> Any:  # fmt: skip
    """Open the form and send it a while later; `more` and `given` in place of what is usually written."""
    with clock.travelling(at):
        token = token or token_in(client.get(f"/f/{slug}/{query}"))
    with clock.travelling(at + after):
        data = GIVEN | (given or {}) | {"token": token} | more
        return client.post(f"/f/{slug}/{query}", {name: one for name, one in data.items() if one is not None},
                           headers=headers or {})  # fmt: skip


def work(now: datetime = NOON + timedelta(minutes=1)) -> None:
    actions.work(now)


def posted(form: PublicForm, **more: Any) -> QueryDict:
    """What the builder's page sends of a form as it is."""
    found = QueryDict(mutable=True)
    for name in ("name", "slug", "title", "intro", "button", "outcome", "consent", "thanks", "goes_to", "owner_rule",
                 "language"):  # fmt: skip
        found[name] = getattr(form, name)
    found["keeps_owner"], found["origins"] = "on", "\n".join(form.origins)
    for one in form.asked:
        found.appendlist("field", one.target)
        found[f"label:{one.target}"], found[f"help:{one.target}"] = one.label, one.help
        found[f"options:{one.target}"] = "\n".join(one.options)
        if one.required:
            found[f"required:{one.target}"] = "on"
    for name, value in more.items():
        found[name] = value
    return found
