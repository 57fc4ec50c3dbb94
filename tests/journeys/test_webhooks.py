"""An admin adds a webhook and tests it; what is logged arrives and is proven; what fails is shown, and sent again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from crm.accounts.models import Account
from crm.history.models import Act
from crm.web import clock
from crm.webhooks import sending
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in_by_password, sound, window
from tests.crm.outbox.provider import Provider, provider

pytestmark = IN_A_BROWSER


@pytest.fixture
def receiver(settings: Any) -> Iterator[Provider]:
    settings.OUTGOING_ALLOW, settings.WEBHOOKS_PLAIN_HTTP = ["127.0.0.0/8"], True
    with provider() as stands:
        yield stands


def log_a_note(page: Page, server: str, account: Account) -> None:
    page.goto(f"{server}/accounts/{account.pk}/?log=1")
    page.get_by_role("radio", name="Note").check()
    page.get_by_label("What was said").fill("They want ten seats more.")
    press(page.get_by_role("button", name="Log it"))
    expect(page.locator(".toast")).to_be_visible()


@AT_BOTH_WIDTHS
def test_from_a_webhook_s_making_to_sending_again(
    new_context: Any, live_server: Any, make_user: Any, receiver: Provider, width: int
) -> None:
    kelp = Account.objects.create(name="Kelp & Co", owner=make_user("Ada", "admin"))
    page = window(new_context, width)
    sign_in_by_password(page, live_server.url, "Ada")  # lately enough to be shown a secret
    page.goto(f"{live_server.url}/settings/webhooks/")
    page.get_by_role("link", name="Make a webhook").click()
    page.get_by_label("Name here").fill("Data warehouse")
    page.get_by_label("Address").fill(f"{receiver.url}/in")
    page.get_by_label("Note written").check()
    sound(page)
    page.get_by_role("button", name="Make the webhook").click()
    page.get_by_role("button", name="Show").click()
    secret = page.get_by_label("The secret", exact=True).input_value()
    sound(page)
    page.get_by_role("button", name="Send test").click()
    expect(page.locator(".toast")).to_contain_text("took the test: 200 OK")

    log_a_note(page, live_server.url, kelp)
    sending.work(clock.now())
    tested, told = receiver.got
    assert Webhook(secret).verify(tested.body, tested.headers)["type"] == "webhook.test"
    said = Webhook(secret).verify(told.body, told.headers)
    assert (said["type"], said["data"]["account"]["name"]) == ("note.written", "Kelp & Co")
    assert "ten seats" not in told.body.decode()

    receiver.answers = [(500, {"error": "disk full"})]
    log_a_note(page, live_server.url, kelp)
    sending.work(clock.now())
    WebhookDelivery.objects.filter(state="waiting").update(state="failed", settled_at=clock.now())  # days later
    row = WebhookEndpoint.objects.get()
    page.goto(f"{live_server.url}{row.get_absolute_url()}?tab=failed")
    expect(page.locator(".next.warn")).to_contain_text("1 try in a row failed")
    page.get_by_role("link", name="Note written").click()
    expect(page.locator("main")).to_contain_text("disk full")
    sound(page)
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".toast")).to_contain_text("goes out again")
    sending.work(clock.now() + timedelta(seconds=30))
    assert receiver.got[2].headers["webhook-id"] == receiver.got[3].headers["webhook-id"]
    page.reload()
    expect(page.locator(".page-head")).to_contain_text("Delivered")
    assert {"webhook.made", "webhook.revealed", "webhook.tested", "webhook.replayed"} <= set(
        Act.objects.values_list("kind", flat=True)
    )

    # Names as long as they may be stay inside the list.
    WebhookEndpoint.objects.create(name="W" * 80, url=f"{receiver.url}/{'in' * 100}", everything=True, secret="none")
    page.goto(f"{live_server.url}/settings/webhooks/")
    expect(page.locator("main")).to_contain_text("W" * 80)
    sound(page)
