"""A letter in a real browser: written, received by a mail server, answered by webhook, and both in one conversation."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from crm.accounts.models import Account
from crm.inbox import actions as inbox
from crm.inbox.models import InboxSettings
from crm.outbox import actions as outbox
from crm.web import clock
from tests import factories
from tests.browser import IN_A_BROWSER, sign_in
from tests.crm.conftest import Server, server  # noqa: F401  (a fixture)

pytestmark = IN_A_BROWSER


@pytest.fixture
def kelp(make_user: Any, settings: Any) -> Account:
    settings.MAIL_HOOKS = "postmark?webhook_secret=name:password"
    InboxSettings.objects.create(pk=1, address="inbox@crm.example")
    account = factories.account("Kelp & Co", owner=make_user("Mira"))
    factories.contact(account, first_name="Jonas", last_name="Weber", email="jonas@kelp.example")
    return account


def _answered(sent: Any) -> None:
    """As Jonas's mailbox and the provider do."""
    person = {"Email": "jonas@kelp.example", "Name": "Jonas Weber"}
    payload = {
        "FromFull": person, "ToFull": [{"Email": sent["Reply-To"], "Name": ""}], "Subject": f"Re: {sent['Subject']}",
        "OriginalRecipient": sent["Reply-To"], "TextBody": "Two seats will do.\n\nOn 1 June Mira wrote:\n> How many?",
        "Headers": [{"Name": "Message-ID", "Value": "<answer@kelp.example>"},
                    {"Name": "In-Reply-To", "Value": sent["Message-ID"]}],
    }  # fmt: skip
    secret = b64encode(b"name:password").decode()
    hook = Client(headers={"Authorization": f"Basic {secret}"})
    assert hook.post("/hooks/mail/postmark/", json.dumps(payload), content_type="application/json").status_code == 200
    while inbox.work(clock.now()):
        pass


def test_a_letter_and_its_answer(page: Page, live_server: Any, kelp: Account, server: Server) -> None:  # noqa: F811
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/accounts/{kelp.pk}/")
    page.locator(".page-head").get_by_role("link", name="Write").click()
    expect(page.get_by_label("Jonas Weber")).to_be_checked()
    page.get_by_label("Subject").fill("Seats")
    page.locator("textarea[name=text]").fill("How **many**?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("leaves in 10 seconds")).to_be_visible()
    expect(page.get_by_text("leaves in a moment")).to_be_visible()

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("textarea[name=text]")).to_have_value("How **many**?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("leaves in 10 seconds")).to_be_visible()
    outbox.work(clock.now() + timedelta(seconds=11))
    assert len(server.mails) == 1
    _answered(server.mails[0])

    page.reload()
    expect(page.locator(".letters .said").first).to_have_text("How many?")
    expect(page.locator(".letters .said").nth(1)).to_have_text("Two seats will do.")
    page.goto(f"{live_server.url}/accounts/{kelp.pk}/")
    expect(page.get_by_text("Jonas Weber wrote: Re: Seats")).to_be_visible()
    expect(page.get_by_text("Wrote to Jonas Weber: Seats")).to_be_visible()
    page.get_by_role("link", name="Answer").click()
    expect(page.get_by_label("Subject")).to_have_value("Re: Seats")
