"""Stored first, handled once: repeats, workers side by side, failures, deaths, and what becomes of the bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from crm import slots
from crm.inbox import actions, rules
from crm.inbox.actions import NotPossible, TooLarge, discard, next_due, replay, store, sweep, work
from crm.inbox.models import InboundPayload, InboxSettings
from crm.slots import Arrived, Handled
from crm.team.models import User
from tests.conftest import NOON

type Handler = Callable[[Arrived, datetime], Handled]


@pytest.fixture
def handled() -> Iterator[list[bytes]]:
    """What the handler of “test” got, which fails over what says so."""
    seen: list[bytes] = []

    def handler(arrived: Arrived, now: datetime) -> Handled:
        seen.append(arrived.body)
        if b"fail" in arrived.body:
            raise ValueError("that cannot be read")
        return Handled("Taken.", addresses=["Anna@Kelp.example"])

    with slots.inbox_handlers.temporarily("test", handler):
        yield seen


def come(key: str = "1", body: bytes = b"hello", now: datetime = NOON) -> int | None:
    return store("somewhere", "test", key, body, {"x": "y"}, now)


def only() -> InboundPayload:
    return InboundPayload.objects.get()


def test_a_payload_is_handled_once_however_often_it_comes(db: None, handled: list[bytes]) -> None:
    assert come() is not None
    assert come(body=b"again") is None

    assert work(NOON) == 1
    assert work(NOON) == 0
    assert come() is None
    assert work(NOON) == 0

    row = only()
    assert handled == [b"hello"]
    assert (row.state, row.note, row.handled_at, row.tries) == ("done", "Taken.", NOON, 1)
    assert row.addresses == ["anna@kelp.example"]
    assert row.arrived.headers == {"x": "y", "size": "5"}


def test_another_source_may_use_the_same_key(db: None, handled: list[bytes]) -> None:
    come()
    store("elsewhere", "test", "1", b"hello", {}, NOON)

    assert work(NOON) == 2


def test_what_is_too_large_is_not_stored(db: None) -> None:
    with pytest.raises(TooLarge):
        come(body=b"x" * (rules.MOST_BYTES + 1))
    assert not InboundPayload.objects.exists()


def test_a_long_key_is_known_again(db: None) -> None:
    assert come("k" * 500) is not None
    assert come("k" * 500) is None
    assert come("k" * 501) is not None


def test_one_that_fails_rests_and_holds_up_no_other(db: None, handled: list[bytes]) -> None:
    come("1", b"fail")
    come("2", b"fine", NOON + timedelta(seconds=1))

    assert work(NOON + timedelta(seconds=1)) == 2

    bad, good = InboundPayload.objects.order_by("pk")
    assert good.state == "done"
    assert (bad.state, bad.tries, bad.error) == ("new", 1, "ValueError: that cannot be read")
    assert bad.due_at == NOON + timedelta(minutes=1, seconds=1) == next_due(NOON)
    assert work(bad.due_at - timedelta(microseconds=1)) == 0
    assert work(bad.due_at) == 1


def test_after_five_tries_it_is_parked_until_somebody_has_it_read_again(
    db: None, handled: list[bytes], ada: User
) -> None:
    come("1", b"fail")
    for hours in range(0, 30, 3):
        work(NOON + timedelta(hours=hours))

    assert len(handled) == rules.MAX_TRIES == 5
    assert (only().state, only().tries) == ("failed", 5)
    assert next_due(NOON) is None

    InboundPayload.objects.update(body=b"mended")
    replay(only().pk, ada, NOON)
    assert work(NOON) == 1
    assert (only().state, only().tries, only().error) == ("done", 1, "")


def test_nothing_that_a_handler_wrote_stays_when_it_fails(db: None, ada: User) -> None:
    def handler(arrived: Arrived, now: datetime) -> Handled:
        User.objects.filter(pk=ada.pk).update(name="Changed")
        raise ValueError("after all")

    with slots.inbox_handlers.temporarily("test", handler):
        come()
        work(NOON)

    ada.refresh_from_db()
    assert ada.name == "Ada"


def test_one_whose_process_dies_each_time_is_parked(db: None, handled: list[bytes]) -> None:
    """A death leaves the claim, which was committed before, and nothing else."""
    come()
    moment = NOON
    for _ in range(rules.MAX_TRIES):
        assert actions._claim(moment, actions._CLAIM) is not None
        assert actions._claim(moment, actions._CLAIM) is None  # nobody else takes it meanwhile
        moment = only().due_at

    assert work(moment) == 0
    assert handled == []
    assert (only().state, only().error) == ("failed", "Each process that worked on it died.")


def test_a_slow_worker_that_comes_back_finds_it_taken(db: None, handled: list[bytes]) -> None:
    come()
    slow = actions._claim(NOON, actions._CLAIM)
    assert slow is not None
    assert work(only().due_at) == 1

    actions._handle(*slow, NOON + timedelta(hours=1))

    assert handled == [b"hello"]


def test_a_kind_that_no_room_knows_waits_for_one_that_does(db: None) -> None:
    come()
    work(NOON)

    assert (only().state, only().error) == ("new", "NoHandler: No room of this installation makes anything of “test”.")


def test_discarding_keeps_who_and_why(db: None, handled: list[bytes], ada: User) -> None:
    pk = come("1", b"fail") or 0
    discard(pk, "A test of theirs", ada, NOON)

    assert work(NOON) == 0
    assert (only().state, only().note) == ("ignored", "Discarded by Ada: A test of theirs")
    with pytest.raises(NotPossible):
        discard(pk, "Twice", ada, NOON)
    with pytest.raises(NotPossible):
        replay(pk + 1, ada, NOON)


def test_raw_bytes_go_after_their_days_and_keys_after_a_year(db: None, handled: list[bytes], ada: User) -> None:
    InboxSettings.objects.create(pk=1, raw_days=7)
    come("done")
    work(NOON)
    come("waits", b"fail")
    week = NOON + timedelta(days=7)

    assert actions.next_sweep(NOON) == week
    assert sweep(week - timedelta(microseconds=1)) == 0
    assert sweep(week) == 1

    row = InboundPayload.objects.get(external_key="done")
    assert (bytes(row.body), row.headers, row.raw_kept, row.size) == (b"", {}, False, 5)
    assert bytes(InboundPayload.objects.get(external_key="waits").body) == b"fail"
    assert come("done") is None  # still known
    with pytest.raises(NotPossible):
        replay(row.pk, ada, NOON)
    assert sweep(NOON + timedelta(days=rules.KEY_DAYS)) == 1
    assert InboundPayload.objects.get().external_key == "waits"


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_comes_too_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It locks the row for as long as it takes to see that it is another's: the payload does not miss its try."""
    seen: list[bytes] = []
    claim, held, late = actions._claim, threading.Event(), []

    def lock(pk: int) -> None:
        with transaction.atomic():
            InboundPayload.objects.select_for_update().get(pk=pk)
            held.set()
            threading.Event().wait(0.3)
        connection.close()

    def claimed(now: datetime, asked: str) -> tuple[int, int] | None:
        if found := claim(now, asked):
            late.append(threading.Thread(target=lock, args=[found[0]]))
            late[-1].start()
            held.wait(10)
        return found

    def handler(arrived: Arrived, now: datetime) -> Handled:
        seen.append(arrived.body)
        return Handled()

    monkeypatch.setattr(actions, "_claim", claimed)
    with slots.inbox_handlers.temporarily("test", handler):
        come("1", b"1")
        work(NOON)
    for thread in late:
        thread.join(10)
    assert seen == [b"1"]
    assert InboundPayload.objects.get().state == "done"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_handle_each_payload_once() -> None:
    seen: list[bytes] = []
    both = threading.Barrier(2)

    def handler(arrived: Arrived, now: datetime) -> Handled:
        seen.append(arrived.body)
        return Handled()

    def run(errors: list[BaseException]) -> None:
        try:
            both.wait(10)
            work(NOON)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    with slots.inbox_handlers.temporarily("test", handler):
        for number in range(30):
            come(str(number), str(number).encode())
        errors: list[BaseException] = []
        threads = [threading.Thread(target=run, args=[errors]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    assert errors == []
    assert sorted(seen) == sorted(str(number).encode() for number in range(30))
    assert InboundPayload.objects.filter(state="done", tries=1).count() == 30


@pytest.mark.django_db(transaction=True)
def test_a_payload_in_hand_is_left_to_whoever_has_it(handled: list[bytes]) -> None:
    """Its row is locked while it is handled, so that time that passes makes no second try beside the first."""
    come()
    taken: list[Any] = []

    def other() -> None:
        try:
            taken.append(work(NOON + timedelta(hours=1)))
        finally:
            connection.close()

    with transaction.atomic():
        InboundPayload.objects.select_for_update().get()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)

    assert taken == [0]
    assert handled == []
