"""/healthz and /readyz: what a load balancer and a watchdog ask."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from crm.web import views
from crm.web.jobs import heartbeat
from crm.web.models import Pulse
from tests.conftest import NOON


def test_the_process_answers_without_a_database_or_a_session(client: Client) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_ready_when_database_broker_and_beat_are(client: Client, db: None) -> None:
    heartbeat()

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": {"database": {"ok": True}, "broker": {"ok": True}, "beat": {"ok": True, "age_seconds": 0}},
        "work": {"oldest_due_seconds": 0, "late": 0, "alarm": False},
    }


@pytest.mark.parametrize(("age", "status"), [(120, 200), (121, 503)])
def test_the_heart_may_be_silent_for_two_minutes(client: Client, db: None, age: int, status: int) -> None:
    Pulse.objects.create(name="heartbeat", ran_at=NOON - timedelta(seconds=age))

    response = client.get("/readyz")

    assert response.status_code == status
    assert response.json()["checks"]["beat"] == {"ok": status == 200, "age_seconds": age}


def test_a_heart_that_never_beat_is_not_ready(client: Client, db: None) -> None:
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["beat"] == {"ok": False, "error": "has never run"}


def test_a_broker_that_is_down_is_said_and_does_not_hang(client: Client, db: None, settings: Any) -> None:
    heartbeat()
    settings.REDIS_URL = "redis://10.255.255.1:6379/0"  # answers nothing
    started = monotonic()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["broker"] == {"ok": False, "error": "does not answer"}
    assert monotonic() - started < 3


def test_a_database_that_is_down_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def cursor(self) -> None:
            raise OperationalError("no route")

    monkeypatch.setattr(views, "connection", Away())

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": {"ok": False, "error": "does not answer"},
        "broker": {"ok": True},
        "beat": {"ok": False, "error": "the database does not answer"},
    }


def test_the_heartbeat_has_one_row_however_often_it_beats(db: None) -> None:
    heartbeat()
    heartbeat()

    assert list(Pulse.objects.values_list("name", "ran_at")) == [("heartbeat", NOON)]
