"""Many events, each several times and many at once, against a real server (T11)."""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from crm.billing.models import BillingFact
from crm.inbox import actions as inbox
from crm.inbox.models import InboundPayload
from crm.ledger.models import Contract, ContractTerm
from tests.conftest import NOON
from tests.crm.billing.objects import SECRET, at, event, item, signed, subscription

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(live_server: Any, settings: Any) -> tuple[str, int]:
    settings.STRIPE_SIGNING_SECRETS = [SECRET]
    return live_server.thread.host, live_server.thread.port


def _events(many: int) -> list[dict[str, Any]]:
    """Of ten subscriptions, each of which is begun and then changes again and again."""
    found = []
    for number in range(many):
        of, step = number % 10, number // 10
        about = subscription(id=f"sub_{of}", items={"data": [item(1000 + step)]})
        kind = "updated" if step else "created"
        created = at("2026-05-12") + step * 60
        found.append(event(f"customer.subscription.{kind}", about, created, f"evt_{number}"))
    return found


def _storm(address: tuple[str, int], many: int, times: int, beside: int) -> tuple[list[int], list[float]]:
    # The server's threads read the machine's clock.
    bodies = [json.dumps(one) for one in _events(many)] * times
    headers = [
        {"Stripe-Signature": signed(body, moment=datetime.now(UTC)), "Content-Type": "application/json"}
        for body in bodies
    ]

    def post(place: int) -> tuple[int, float]:
        began = time.perf_counter()
        line = http.client.HTTPConnection(*address, timeout=30)
        line.request("POST", "/hooks/stripe/", bodies[place], headers[place])
        status = line.getresponse().status
        line.close()
        return status, time.perf_counter() - began

    with ThreadPoolExecutor(beside) as threads:
        found = list(threads.map(post, range(len(bodies))))
    return [status for status, _ in found], sorted(took for _, took in found)


def _all_once(address: tuple[str, int], many: int, times: int, beside: int) -> list[float]:
    statuses, took = _storm(address, many, times, beside)
    assert statuses == [200] * (many * times)
    assert InboundPayload.objects.count() == many
    while inbox.work(datetime.now(UTC)):
        pass
    assert InboundPayload.objects.filter(state="done").count() == many
    assert BillingFact.objects.count() == many
    last = 1000 + (many - 1) // 10
    connection.close()
    assert Contract.objects.count() == 10
    assert {int(term.mrr * 100) for term in ContractTerm.objects.filter(ends_on=NOON.date().replace(day=10))} == {last}
    return took


@pytest.mark.usefixtures("known")
def test_each_is_stored_and_applied_once(address: tuple[str, int]) -> None:
    _all_once(address, 100, 5, 20)


@pytest.mark.long
@pytest.mark.usefixtures("known")
def test_a_thousand_five_times_are_answered_within_a_tenth_of_a_second(address: tuple[str, int]) -> None:
    took = _all_once(address, 1000, 5, 20)
    assert took[int(len(took) * 0.95)] < 0.1, f"p95 {took[int(len(took) * 0.95)] * 1000:.0f} ms"
