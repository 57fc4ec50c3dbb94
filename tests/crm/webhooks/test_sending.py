"""From a fact to an answer: signed, once, again, later, and never beyond what was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from standardwebhooks import Webhook, WebhookVerificationError

from crm.outbox.models import Notification
from crm.team.models import User
from crm.timeline.actions import BATCH, Fact, record
from crm.timeline.models import TimelineEntry
from crm.webhooks import rules, secrets, sending
from crm.webhooks.actions import endpoints as verbs
from crm.webhooks.enqueueing import enqueue
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookHour
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.provider import SILENCE, Got, Provider
from tests.crm.webhooks.facts import all_of_them, the_one, won

TICK = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


def proven(got: Got, secret: str) -> Any:
    """What the public library makes of a request."""
    with time_machine.travel(NOON, tick=False):
        return Webhook(secret).verify(got.body, got.headers)


def test_a_fact_arrives_signed_and_says_what_happened(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    account = factories.account("Nordwind", external_id="N-1")
    contact = factories.contact(account, first_name="Sofia", last_name="Lind", email="sofia@nordwind.example")
    entry = won(account, contact_id=contact.pk)
    assert sending.work(NOON) == 1
    (got,) = receiver.got
    assert (got.path, got.headers["content-type"]) == ("/in", "application/json")
    assert got.headers["webhook-id"] == the_one().webhook_id
    said = proven(got, secrets.of(warehouse))
    assert (said["type"], said["timestamp"]) == ("deal.won", NOON.isoformat())
    data = said["data"]
    assert (data["entry"], data["text"], data["payload"]) == (entry, "Deal won: Growth", {"deal": 7})
    assert data["account"] == {"id": account.pk, "external_id": "N-1", "name": "Nordwind"}
    assert data["contact"] == {
        "id": contact.pk, "external_id": None, "name": "Sofia Lind", "email": "sofia@nordwind.example",
    }  # fmt: skip
    row = the_one()
    assert (row.state, row.status, row.tries, row.settled_at) == ("done", 200, 1, NOON)
    assert sending.work(NOON + SECOND) == 0
    assert len(receiver.got) == 1
    for wrong in (got.body + b" ", got.body.replace(b"Growth", b"Grewth")):
        with pytest.raises(WebhookVerificationError):
            proven(Got(got.path, got.headers, wrong), secrets.of(warehouse))


def test_who_asks_for_texts_gets_what_people_wrote(
    receiver: Provider, endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    endpoint_at(receiver.url, with_texts=True)
    won()
    sending.work(NOON)
    assert receiver.got[0].json["data"]["payload"] == {"deal": 7, "note": "Between us"}


def test_only_kinds_that_were_asked_for_and_no_history(
    receiver: Provider, endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    one = endpoint_at(f"{receiver.url}/one", "One", everything=False, kinds=["deal.won", "deal.lost"])
    two = endpoint_at(f"{receiver.url}/two", "Two")
    gone = endpoint_at(f"{receiver.url}/gone", "Gone")
    verbs.remove(gone, None, NOON)
    account = factories.account()
    facts = [Fact(account.pk, kind, "x", NOON) for kind in ("deal.won", "deal.opened", "ticket.opened", "deal.lost")]
    record(facts, now=NOON)
    record([Fact(account.pk, "deal.won", "Long ago", NOON, key="old")], react=False, now=NOON)
    record([Fact(account.pk, "deal.won", "Once", NOON, key="once")] * 1, now=NOON)
    record([Fact(account.pk, "deal.won", "Once", NOON, key="once")], now=NOON)
    rows = WebhookDelivery.objects.order_by("pk")
    assert [row.kind for row in rows.filter(endpoint=one)] == ["deal.won", "deal.lost", "deal.won"]
    assert [row.kind for row in rows.filter(endpoint=two)] == [
        "deal.won", "deal.opened", "ticket.opened", "deal.lost", "deal.won",
    ]  # fmt: skip
    assert not rows.filter(endpoint=gone).exists()


def test_whom_the_filter_does_not_want_nobody_hears_of(
    receiver: Provider, endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    endpoint_at(receiver.url, tree={"field": "name", "op": "contains", "value": "wind"})
    wanted, other = factories.account("Nordwind"), factories.account("Kelp")
    won(wanted)
    won(other)
    assert sending.work(NOON) == 2
    assert [got.json["data"]["account"]["name"] for got in receiver.got] == ["Nordwind"]
    rows = {row.entry_id and TimelineEntry.objects.get(pk=row.entry_id).account_id: row for row in all_of_them()}
    assert (rows[wanted.pk].state, rows[other.pk].state, rows[other.pk].body) == ("done", "skipped", None)
    assert "filter" in rows[other.pk].error


def test_what_was_taken_back_is_not_told(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    entry = won()
    TimelineEntry.objects.filter(pk=entry).delete()
    sending.work(NOON)
    assert (receiver.got, the_one().state) == ([], "skipped")


def test_failures_rest_longer_and_longer_and_end_as_failed(
    warehouse: WebhookEndpoint, receiver: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.webhooks.sending.noting.random.random", lambda: 0.0)
    monkeypatch.setattr(rules, "FAILS_FOR", timedelta(days=9))
    won()
    now, ids = NOON, set()
    for rest in rules.DELAYS:
        receiver.answers = [(500, {"error": "no"})]
        assert sending.work(now) == 1
        row = the_one()
        assert (row.state, row.status, row.error) == ("waiting", 500, "It answered 500 Internal Server Error.")
        warehouse.refresh_from_db()
        assert warehouse.paused_until is not None
        now = max(row.due_at, warehouse.paused_until)
        assert row.due_at - rest <= now
        assert sending.next_due(row.due_at - rest) == max(row.due_at, warehouse.paused_until)
        assert sending.work(now - TICK) == 0
        ids.add(receiver.got[-1].headers["webhook-id"])
    receiver.answers = [(302, {})]
    sending.work(now)
    row = the_one()
    assert (row.state, row.tries, len(row.log), row.settled_at) == ("failed", 10, 10, now)
    assert "redirects are not followed" in row.error
    assert (len(receiver.got), len(ids), sending.work(now + timedelta(days=9))) == (10, 1, 0)
    assert WebhookHour.objects.filter(endpoint=warehouse, bad__gt=0).exists()


def test_retry_after_is_heeded_by_all_of_the_endpoint(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    for _ in range(3):
        won()
    receiver.answers = [(429, {}), (503, {}), (503, {})]
    sending.work(NOON)
    assert sending.work(NOON + 4 * SECOND) == 0
    assert {row.state for row in all_of_them()} == {"waiting"}


def test_410_switches_off_at_once_and_admins_are_told(
    warehouse: WebhookEndpoint, receiver: Provider, ada: User, mira: User
) -> None:
    won()
    receiver.answers = [(410, {})]
    sending.work(NOON)
    warehouse.refresh_from_db()
    assert (warehouse.is_on, warehouse.off_because) == (False, "It answered 410 Gone: it wants no more webhooks.")
    assert the_one().state == "failed"
    told = Notification.objects.get()
    assert (told.user, told.kind, told.url) == (ada, "webhook.off", warehouse.get_absolute_url())
    won()
    assert (sending.work(NOON + SECOND), len(receiver.got)) == (0, 1)


@pytest.mark.parametrize(("passed", "is_on"), [(rules.FAILS_FOR, False), (rules.FAILS_FOR - TICK, True)])
def test_a_day_of_failures_switches_off(
    warehouse: WebhookEndpoint, receiver: Provider, ada: User, passed: timedelta, is_on: bool
) -> None:
    WebhookEndpoint.objects.update(failures=rules.MOST_FAILURES - 1, failing_since=NOON - passed)
    won()
    receiver.answers = [(SILENCE, {})]
    sending.work(NOON)
    warehouse.refresh_from_db()
    assert (warehouse.is_on, Notification.objects.count()) == (is_on, int(not is_on))
    assert the_one().state == "waiting"


def test_one_success_makes_a_failing_endpoint_good(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    WebhookEndpoint.objects.update(failures=40, failing_since=NOON - timedelta(hours=23), paused_until=NOON)
    for _ in range(3):
        won()
    sending.work(NOON)
    warehouse.refresh_from_db()
    assert (warehouse.failures, warehouse.failing_since, warehouse.paused_until) == (0, None, None)
    assert [row.state for row in all_of_them()] == ["done"] * 3


def test_a_failing_endpoint_is_tried_by_one_delivery_alone(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    WebhookEndpoint.objects.update(failures=3, failing_since=NOON, paused_until=NOON)
    for _ in range(5):
        won()
    receiver.answers = [(500, {})] * 5
    assert sending.work(NOON - TICK) == 0
    assert sending.work(NOON) == 1
    assert [row.tries for row in all_of_them()] == [1, 0, 0, 0, 0]


def test_the_body_stays_what_it_was_when_it_is_tried_again(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    account = factories.account("Before")
    won(account)
    receiver.answers = [(500, {})]
    sending.work(NOON)
    type(account).objects.update(name="After")
    sending.work(NOON + 5 * SECOND)
    first, second = receiver.got
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])


def test_both_secrets_sign_for_a_day_after_a_rotation(
    warehouse: WebhookEndpoint, receiver: Provider, ada: User
) -> None:
    old = secrets.of(warehouse)
    new = verbs.rotate(warehouse, ada, NOON)
    warehouse.refresh_from_db()
    assert secrets.of(warehouse) == new != old
    for moment, known in ((NOON + rules.FORMER_SIGNS - SECOND, [new, old]), (NOON + rules.FORMER_SIGNS, [new])):
        headers = secrets.headers(warehouse, "msg_1", b"{}", moment)
        assert len(headers["webhook-signature"].split(" ")) == len(known)
        with time_machine.travel(moment, tick=False):
            for secret in known:
                Webhook(secret).verify(b"{}", headers)
            if old not in known:
                with pytest.raises(WebhookVerificationError):
                    Webhook(old).verify(b"{}", headers)
    assert old.removeprefix("whsec_") not in warehouse.former_secret


def test_enqueue_says_its_own_words_once(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    first = enqueue(warehouse, "enrollment:7:call:1", "workflow.called", {"step": "call"}, NOON)
    assert first is not None
    assert enqueue(warehouse, "enrollment:7:call:1", "workflow.called", {"step": "other"}, NOON) is None
    sending.work(NOON)
    assert [got.json for got in receiver.got] == [
        {"type": "workflow.called", "timestamp": NOON.isoformat(), "data": {"step": "call"}}
    ]


def test_a_secret_that_cannot_be_opened_keeps_nobody_else_waiting(
    warehouse: WebhookEndpoint, receiver: Provider, endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    sealed = endpoint_at(f"{receiver.url}/sealed", "Sealed")
    WebhookEndpoint.objects.filter(pk=sealed.pk).update(secret="nonsense")
    won()
    sending.work(NOON)
    assert [got.path for got in receiver.got] == ["/in"]
    assert "SECRET_KEY" in WebhookDelivery.objects.get(endpoint=sealed).error


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://[::ffff:169.254.169.254]/", "http://0x7f.1/", "http://localhost/"]
)
def test_what_is_inside_is_never_called(
    endpoint_at: Callable[..., WebhookEndpoint], settings: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    settings.WEBHOOKS_PLAIN_HTTP = True
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it was called"))
    endpoint_at(url)
    won()
    sending.work(NOON)
    row = the_one()
    assert (row.state, row.status) == ("waiting", None)
    assert "not of the public internet" in row.error


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://x.example/", "https://me:pw@x.example/", "https://", "x"]
)
def test_addresses_that_nobody_may_enter(endpoint_at: Callable[..., WebhookEndpoint], settings: Any, url: str) -> None:
    settings.WEBHOOKS_PLAIN_HTTP = False
    with pytest.raises(verbs.WebhookError):
        endpoint_at(url)
    assert not WebhookEndpoint.objects.exists()


def test_facts_by_the_thousand_are_one_statement_each_batch(
    warehouse: WebhookEndpoint, django_assert_num_queries: Any
) -> None:
    account = factories.account()
    with django_assert_num_queries(2):
        record([Fact(account.pk, "usage.seen", str(n), NOON) for n in range(BATCH + 1)], now=NOON)
    assert WebhookDelivery.objects.count() == BATCH + 1
