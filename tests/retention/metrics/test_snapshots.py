"""Boards that are counted beforehand: when they are used, when they are stale, and that two workers share the work."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.ledger.actions import project
from crm.ledger.models import ContractTerm
from crm.team.models import User
from crm.web import clock
from retention.metrics import snapshots
from retention.metrics.asking import READY, asked
from retention.metrics.models import Snapshot
from retention.metrics.rules import again_from
from tests import factories
from tests.beside import beside
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
LAST = {"period": "last-month"}  # 30 April to 31 May


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LARGE", 0)


@pytest.fixture
def leaver() -> Any:
    """One of two customers left in May."""
    for name, ends in (("Stays", None), ("Leaves", date(2026, 5, 10))):
        account = factories.account(name)
        contract = factories.contract(account, date(2026, 1, 1), ends)
        project([account.pk], NOON)
    return contract


def count_all(now: datetime) -> int:
    boards = 0
    while snapshots.run(now):
        boards += 1
    return boards


def crr(ada: User, now: datetime) -> tuple[Any, snapshots.Shown]:
    found = snapshots.shown(asked(LAST, ada, now), now)
    return (found.board.counts.customers_lost, found.board.counts.customers_start), found


def stay(contract: Any, now: datetime) -> None:
    """A back-dated correction: who had left had not."""
    ContractTerm.objects.filter(contract=contract).update(ends_on=None)
    project([contract.account_id], now)


def test_every_ready_period_is_counted_once_and_then_rests(leaver: Any) -> None:
    assert count_all(NOON) == len(READY) == Snapshot.objects.filter(row__isnull=False).count()
    assert snapshots.run(NOON + timedelta(minutes=10)) == 0


def test_a_small_installation_keeps_nothing(leaver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LARGE", 10**9)
    assert (snapshots.run(NOON), Snapshot.objects.count()) == (0, 0)


def test_kept_figures_are_used_said_to_be_stale_and_counted_again(leaver: Any, ada: User) -> None:
    count_all(NOON)
    later = NOON + timedelta(minutes=5)
    assert (crr(ada, later)[0], crr(ada, later)[1].stale, crr(ada, later)[1].made_at) == ((1, 2), False, NOON)
    stay(leaver, later)
    said, found = crr(ada, later)
    assert (said, found.stale, found.made_at) == ((1, 2), True, NOON)
    count_all(later)
    said, found = crr(ada, later)
    assert (said, found.stale, found.made_at) == ((0, 2), False, later)
    assert (found.corrected_at, found.was and found.was.counts.customers_lost) == (later, 1)


def test_the_present_turning_out_otherwise_is_no_correction(leaver: Any, ada: User) -> None:
    count_all(NOON)
    stay(leaver, NOON)
    count_all(NOON + timedelta(minutes=5))
    month = Snapshot.objects.get(start=date(2026, 5, 31))  # this month, of one day
    assert (month.made_at, month.corrected_at) == (NOON + timedelta(minutes=5), None)


def test_what_moved_is_counted_again_after_a_breath_or_when_somebody_asks(leaver: Any, ada: User) -> None:
    count_all(NOON)
    stay(leaver, NOON)
    soon = NOON + timedelta(seconds=59)
    assert snapshots.run(soon) == 0
    assert snapshots.want(asked(LAST, ada, soon), soon)
    assert count_all(soon) == 1
    assert count_all(NOON + timedelta(seconds=60)) == len(READY) - 1


def test_what_grew_old_is_stale_though_nothing_moved(leaver: Any, ada: User) -> None:
    count_all(NOON)
    assert not crr(ada, NOON + snapshots.OLDEST)[1].stale
    assert crr(ada, NOON + snapshots.OLDEST + timedelta(seconds=1))[1].stale


def test_some_customers_are_counted_live(leaver: Any, ada: User, olaf: User) -> None:
    count_all(NOON)
    Snapshot.objects.update(row=None, made_at=None)
    assert crr(olaf, NOON)[1].made_at is None
    chosen = asked(LAST | {"f": '{"field":"name","op":"is","value":"Leaves"}'}, ada, NOON)
    assert snapshots.shown(chosen, NOON).board.counts.customers_start == 1


def test_how_long_counting_rests() -> None:
    assert again_from(NOON, 0.1) == NOON + timedelta(minutes=1)
    assert again_from(NOON, 30) == NOON + timedelta(minutes=10)


def test_the_page_says_when_and_offers_to_count_again(client: Client, ada: User, leaver: Any) -> None:
    client.force_login(ada)
    count_all(clock.now())
    with CaptureQueriesContext(connection) as asked_of:
        page = client.get("/retention/", LAST).content.decode()
    assert "As of 12:00" in page
    assert "Count again" not in page
    assert len(asked_of) <= 12
    stay(leaver, clock.now())
    assert "The ledger has moved since" in client.get("/retention/", LAST).content.decode()
    answer = client.post("/retention/counting/?period=last-month", follow=True)
    assert "counted again" in answer.content.decode()
    assert Snapshot.objects.get(start=date(2026, 4, 30), end=date(2026, 5, 31)).wanted_at == clock.now()


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_count_the_same(leaver: Any) -> None:
    """One holds a board; the other takes the next ones, and nobody waits."""
    count_all(NOON)
    Snapshot.objects.update(made_at=None, row=None)
    with transaction.atomic():
        held = Snapshot.objects.select_for_update().order_by("pk").first()
        assert beside(lambda: count_all(NOON)) == [len(READY) - 1]
        assert held
        assert Snapshot.objects.get(pk=held.pk).row is None
    assert count_all(NOON) == 1


@pytest.mark.django_db(transaction=True)
def test_asking_again_waits_for_nobody_who_counts(leaver: Any, ada: User) -> None:
    count_all(NOON)
    with transaction.atomic():
        list(Snapshot.objects.select_for_update())
        assert beside(lambda: snapshots.want(asked(LAST, ada, NOON), NOON)) == [True]
    assert not Snapshot.objects.filter(wanted_at__isnull=False).exists()


def test_who_sees_a_part_does_not_have_the_whole_counted_again(leaver: Any, olaf: User) -> None:
    count_all(NOON)
    assert not snapshots.want(asked(LAST, olaf, NOON), NOON)
    assert not Snapshot.objects.filter(wanted_at__isnull=False).exists()
