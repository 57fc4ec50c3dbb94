"""A deal won in a real browser: its contract is in the ledger once, though billing reports it too, and says who did."""

from __future__ import annotations

import json
import urllib.request
from decimal import Decimal
from typing import Any

from playwright.sync_api import expect
from standardwebhooks import Webhook

from crm.billing.actions import linking
from crm.inbox import actions as inbox
from crm.inbox.models import InboundPayload
from crm.ledger.models import Contract, ContractTerm, MrrMovement
from crm.pipelines.actions.opening import NewDeal, open_deal
from crm.pipelines.actions.shaping import add_pipeline
from crm.pipelines.models import Deal
from crm.web import clock
from tests import factories
from tests.browser import AT_BOTH_WIDTHS, IN_A_BROWSER, sign_in, sound, window

pytestmark = IN_A_BROWSER


def reports(server: str, path: str, body: str, headers: dict[str, str]) -> None:
    """As billing does: over the wire, and the inbox makes something of it."""
    asked = urllib.request.Request(f"{server}{path}", body.encode(), {"Content-Type": "application/json"} | headers)
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 200
    inbox.work(clock.now())
    assert not InboundPayload.objects.exclude(state="done").exists()


@AT_BOTH_WIDTHS
def test_a_won_deal_is_booked_once_though_billing_reports_it_too(
    new_context: Any, live_server: Any, make_user: Any, width: int
) -> None:
    mira, ada, now = make_user("Mira"), make_user("Ada", "admin"), clock.now()
    account = factories.account("Hafen Film", external_id="hafen-1", owner=mira)
    factories.contact(account, email="kim@hafen.example")
    pipeline, _ = add_pipeline({"name": "Sales"}, ada, now, template="sales")
    pipeline.stages.update(required=[], checklist=[])
    opened = open_deal(NewDeal(account.pk, pipeline.pk, "Hafen: first year", plan="Team", mrr=Decimal(250)), mira, now)

    page = window(new_context, width)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}{opened.get_absolute_url()}")
    page.get_by_role("link", name="Won").click()
    expect(page.get_by_label("MRR in EUR")).to_have_value("250.00")
    sound(page)
    page.get_by_role("button", name="Book and win").click()
    expect(page.locator("main")).to_contain_text("it counts when billing or a person confirms it")
    sound(page)
    booked = Contract.objects.get()
    term = booked.terms.get()
    assert (booked.status, booked.deal.pk, MrrMovement.objects.count()) == ("expected", opened.pk, 0)

    # Billing reports what was sold, by a signed hook, twice; then the same again, later.
    secret, said = linking.fresh_hook_secret(ada, now), {
        "id": "sub-7", "account_external_id": "hafen-1", "plan": "Team", "status": "paid", "mrr": "250.00",
        "starts_on": f"{term.starts_on}", "currency": "EUR", "auto_renew": True,
    }  # fmt: skip
    if term.ends_on:
        said["ends_on"] = f"{term.ends_on}"
    for key in ("msg_1", "msg_1", "msg_2"):
        at = clock.now()
        body = json.dumps({"type": "contract", "timestamp": at.isoformat(), "data": said})
        reports(live_server.url, "/hooks/billing/", body, {
            "webhook-id": key, "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(key, at, body),
        })  # fmt: skip
    contract = Contract.objects.get()
    assert (contract.pk, contract.status, contract.external_id) == (booked.pk, "paid", "sub-7")
    assert ContractTerm.objects.get().pk == term.pk
    movement = MrrMovement.objects.get()
    assert (movement.kind, movement.amount) == ("new", 250)

    page.goto(f"{live_server.url}{account.get_absolute_url()}")
    expect(page.locator("main")).to_contain_text("€ 250")
    expect(page.locator("#contracts")).not_to_contain_text("Expected")
    page.goto(f"{live_server.url}{opened.get_absolute_url()}")
    expect(page.get_by_role("button", name="Confirm it")).to_have_count(0)

    sign_in(page, live_server.url, "Ada")
    page.goto(f"{live_server.url}/settings/audit/")
    expect(page.locator("#log")).to_contain_text("Mira won Hafen: first year")
    expect(page.locator("#log")).to_contain_text("Billing confirmed the contract Team")
    expect(page.locator("#log")).not_to_contain_text("status, automatic renewal and external id")
    assert Deal.objects.get().outcome == "won"
