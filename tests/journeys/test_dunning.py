"""A card is declined: a case, a mail, a banner on a page of another origin. It is tried, it is paid, all of it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.accounts.models import Account
from crm.billing.models import PaymentAttempt
from crm.outbox.models import OutboundMessage
from crm.team.models import ApiToken
from crm.web import clock
from retention.dunning import actions
from retention.workflows import actions as workflows
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, press, sign_in, sound, window
from tests.journeys.test_forms import foreign  # noqa: F401  (a fixture)

pytestmark = IN_A_BROWSER
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def kelp(make_user: Any) -> Iterator[Account]:
    mira = make_user("Mira", time_zone="Europe/Berlin")
    made = factories.account("Kelp & Co", owner=mira, timezone="Europe/Lisbon", lifecycle="customer", mrr=300)
    factories.contract(made, date(2026, 1, 1))
    factories.contact(made, first_name="Ana", email="ana@kelp.example")
    return made


def report(server: str, page: Any, secret: str, **values: Any) -> dict[str, Any]:
    """Billing reports by the API, as any system can."""
    told = {"currency": "EUR", "amount": "120.00"} | values
    url, method = f"{server}/api/v1/payments/", "POST"
    if "id" in told:
        url, method = f"{url}{told.pop('id')}/", "PATCH"
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    answer = page.request.fetch(url, method=method, headers=headers, data=json.dumps(told))
    assert answer.ok, answer.text()
    return answer.json()  # type: ignore[no-any-return]


def run(moment: Any) -> None:
    for work in (actions.work, workflows.work):
        while work(moment):
            pass


@AT_BOTH_WIDTHS
def test_from_a_declined_card_to_the_money(
    new_context: Any,
    live_server: Any,
    make_user: Any,
    kelp: Account,
    foreign: Any,  # noqa: F811
    width: int,
) -> None:
    ada = make_user("Ada", "admin")
    secret = ApiToken.issue(ada, "write")[1]
    origin, shop = foreign
    workflows.enable("payment-failed", clock.now())
    page = window(new_context, width)
    sign_in(page, live_server.url, "Ada")

    page.goto(f"{live_server.url}/settings/dunning/")
    page.get_by_label("Follow up payments that fail").check()
    page.get_by_label("Where customers give another card").fill("https://pay.example/card")
    sound(page)
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".toast")).to_contain_text("Kept")
    page.goto(f"{live_server.url}/settings/dunning/banner/")
    page.get_by_label("Customer", exact=True).fill("Kelp & Co")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator(".toast")).to_contain_text("has a token")
    sound(page)
    shop["body"] = page.get_by_label("Where your product has signed").input_value()
    assert "data-token" in shop["body"]
    shop["body"] = shop["body"].replace("http://localhost:8000", live_server.url)

    outside = window(new_context, width)
    outside.goto(origin)
    outside.wait_for_load_state("networkidle")
    expect(outside.locator("[data-holdfast]")).to_have_count(0)

    now = clock.now()
    payment = report(
        live_server.url, page, secret, account=kelp.pk, external_id="in_7", due_at=now.isoformat(), status="failed",
        failure_reason="insufficient_funds", failed_at=now.isoformat(),
    )  # fmt: skip
    run(now)
    with clock.travelling(now + DAY):
        run(now + DAY)
    mail = OutboundMessage.objects.select_related("template").get()
    assert mail.template.subject == "Your last payment did not go through"
    outside.reload()
    banner = outside.locator("[data-holdfast=grace]")
    expect(banner).to_contain_text("Access stays until")
    expect(banner.get_by_role("link")).to_have_attribute("href", "https://pay.example/card")
    assert outside.context.cookies(live_server.url) == []

    page.goto(f"{live_server.url}/retention/dunning/")
    page.get_by_role("link", name="Kelp & Co").click()
    expect(page.locator("main")).to_contain_text("Next try: ")
    sound(page)
    press(page.get_by_role("button", name="Try now"))
    expect(page.locator(".toast")).to_contain_text("It is being tried")
    assert PaymentAttempt.objects.get().payment_id == payment["id"]

    report(live_server.url, page, secret, id=payment["id"], status="paid", paid_at=clock.now().isoformat())
    outside.reload()
    outside.wait_for_load_state("networkidle")
    expect(outside.locator("[data-holdfast]")).to_have_count(0)
    run(clock.now())
    with clock.travelling(now + 6 * DAY):
        run(now + 6 * DAY)
    assert OutboundMessage.objects.count() == 1
    page.goto(f"{live_server.url}/retention/dunning/report/")
    expect(page.locator(".tiles")).to_contain_text("100 % of what failed")
    page.get_by_role("link", name="1", exact=True).first.click()
    expect(page.locator("main")).to_contain_text("Kelp & Co")
