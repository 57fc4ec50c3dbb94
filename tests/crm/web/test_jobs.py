"""How Celery wakes work."""

from __future__ import annotations

from datetime import datetime

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from crm.config.celery import app
from crm.ledger import actions, jobs
from crm.web.jobs import until_idle
from crm.web.models import Pulse
from tests.conftest import NOON


@pytest.mark.django_db
def test_slices_are_taken_until_one_moves_nothing() -> None:
    left = [1, 2, 0, 3]
    until_idle("mill", lambda now: left.pop(0))
    assert left == [3]
    assert Pulse.objects.get(name="mill").ran_at == NOON


@pytest.mark.django_db
def test_the_soft_time_limit_ends_the_job() -> None:
    asked: list[datetime] = []

    def slow(now: datetime) -> int:
        asked.append(now)
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        until_idle("mill", slow)
    assert asked == [NOON]
    assert not Pulse.objects.filter(name="mill").exists()


@pytest.mark.django_db
def test_the_ledger_stops_in_time_as_all_jobs_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []

    def endless(now: datetime) -> int:
        asked.append(now)
        assert len(asked) < 3
        return 1

    monkeypatch.setattr(actions, "run", endless)
    monkeypatch.setattr("crm.web.jobs.LONGEST", 0.0)
    jobs.work()
    assert asked == [NOON]
    assert Pulse.objects.get(name="ledger").ran_at == NOON


def test_no_bell_is_rung_after_the_one_that_follows_the_next() -> None:
    expires = {name: entry["options"]["expires"] for name, entry in app.conf.beat_schedule.items()}
    assert expires == {name: 2 * entry["schedule"] for name, entry in app.conf.beat_schedule.items()}
    assert (expires["heartbeat"], expires["reviews"]) == (60, 1200)
