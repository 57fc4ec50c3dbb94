"""Workers beside each other, and workers that die: each delivery arrives, under one id."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from crm.timeline.actions import Fact, record
from crm.web import standing
from crm.webhooks import rules, sending
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint
from crm.webhooks.sending import claim as claiming
from crm.webhooks.sending import loop
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.provider import Provider
from tests.crm.webhooks.facts import all_of_them, the_one, won

TICK = timedelta(microseconds=1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_once(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    for _ in range(30):
        won()
    gate = threading.Barrier(2)

    def worker() -> None:
        gate.wait()
        while sending.work(NOON):
            pass
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sending.work(NOON) == 0
    ids = [got.headers["webhook-id"] for got in receiver.got]
    assert (len(ids), len(set(ids)), {row.state for row in all_of_them()}) == (30, 30, {"done"})


@pytest.mark.django_db(transaction=True)
def test_no_more_than_four_fly_to_one_endpoint(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    for _ in range(9):
        won()
    first, many = claiming.claim(NOON, 16)
    assert (len(first), many) == (rules.IN_FLIGHT, rules.IN_FLIGHT)
    assert claiming.claim(NOON, 16) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_who_dies_between_sending_and_noting_repeats_the_same_id(
    warehouse: WebhookEndpoint, receiver: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As if the process had gone."""

    def die(*_: Any) -> None:
        raise Killed

    won()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "note", die)
        with pytest.raises(Killed):
            sending.work(NOON)
    assert (the_one().state, len(receiver.got)) == ("sending", 1)
    assert sending.work(NOON + claiming.LEASE - TICK) == 0
    assert sending.work(NOON + claiming.LEASE) == 1
    first, second = receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert (the_one().state, the_one().tries) == ("done", 2)


@pytest.mark.django_db(transaction=True)
def test_who_wakes_too_late_notes_nothing(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    won()
    (late,), _ = claiming.claim(NOON, 16)
    receiver.answers = [(200, {})]
    assert sending.work(NOON + claiming.LEASE) == 1
    loop.note([(late, loop.Outcome(500, "It answered 500.", "", "", 0.1))], NOON + claiming.LEASE)
    row = the_one()
    warehouse.refresh_from_db()
    assert (row.state, row.error, warehouse.failures) == ("done", "", 0)


@pytest.mark.django_db(transaction=True)
def test_a_slow_endpoint_holds_up_nobody_else(
    warehouse: WebhookEndpoint, receiver: Provider, endpoint_at: Callable[..., WebhookEndpoint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    slow = endpoint_at("https://slow.example/", "Slow")
    account = factories.account()
    record([Fact(account.pk, "deal.won", str(n), NOON) for n in range(20)], now=NOON)
    let_go, real = threading.Event(), loop.post

    def post(letter: Any) -> Any:
        if letter.endpoint_id == slow.pk:
            assert let_go.wait(10)
            return loop.Outcome(None, "It took too long.", "", "", 10.0)
        outcome = real(letter)
        if len(receiver.got) == 20:
            let_go.set()
        return outcome

    monkeypatch.setattr(loop, "post", post)
    sending.work(NOON)
    assert len(receiver.got) == 20
    assert WebhookDelivery.objects.filter(endpoint=slow, tries=0).count() >= 20 - rules.IN_FLIGHT - 2


def test_the_engine_room_says_what_waits_and_why(
    warehouse: WebhookEndpoint, endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    off = endpoint_at("https://x.example/", "Off", is_on=False)
    won()
    WebhookDelivery.objects.create(endpoint=off, kind="deal.won", state="failed", due_at=NOON)
    lines = {load.label: load for load in standing.read(NOON + timedelta(hours=1)).of("webhooks")}
    ours, theirs = lines["Warehouse"], lines["Off"]
    assert (ours.due, ours.late, ours.held, ours.oldest_due, ours.because) == (1, 1, 0, NOON, "")
    assert (theirs.due, theirs.held, theirs.parked, theirs.because) == (0, 1, 1, "The webhook is off.")
