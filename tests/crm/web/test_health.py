"""/healthz and /readyz: what a load balancer and a watchdog ask."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from crm.web import standing, views
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
        "checks": {"database": {"ok": True}, "broker": {"ok": True}, "heartbeat": {"ok": True, "age_seconds": 0}},
        "work": {"oldest_due_seconds": 0, "late": 0, "alarm": False},
    }


@pytest.mark.parametrize(("age", "status"), [(120, 200), (121, 503)])
def test_the_heart_may_be_silent_for_two_minutes(client: Client, db: None, age: int, status: int) -> None:
    Pulse.objects.create(name="heartbeat", ran_at=NOON - timedelta(seconds=age))

    response = client.get("/readyz")

    assert response.status_code == status
    assert response.json()["checks"]["heartbeat"] == {"ok": status == 200, "age_seconds": age} | (
        {} if status == 200 else {"error": "No bell is answered: beat does not ring."}
    )


def test_a_heart_that_never_beat_is_not_ready(client: Client, db: None) -> None:
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["heartbeat"] == {"ok": False, "error": "has never run"}


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
        "heartbeat": {"ok": False, "error": "the database does not answer"},
    }


def test_the_heartbeat_has_one_row_however_often_it_beats(db: None) -> None:
    heartbeat()
    heartbeat()

    assert list(Pulse.objects.values_list("name", "ran_at")) == [("heartbeat", NOON)]


@pytest.mark.parametrize(("bells", "who"), [(4, "no worker hears them"), (0, "beat does not ring"), (None, "Redis")])
def test_who_is_silent_is_told_apart(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, bells: int | None, who: str
) -> None:
    Pulse.objects.create(name="heartbeat", ran_at=NOON - timedelta(hours=1))
    monkeypatch.setattr(standing, "bells_waiting", lambda: bells)

    assert who in client.get("/readyz").json()["checks"]["heartbeat"]["error"]


def test_many_who_ask_cost_one_look(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat()
    looks: list[object] = []
    read = standing.read
    monkeypatch.setattr(standing, "KEEP_SECONDS", 30)
    monkeypatch.setattr(standing, "read", lambda now: looks.append(now) or read(now))  # type: ignore[func-returns-value]
    standing.forget()

    for _ in range(3):
        client.get("/readyz")

    assert len(looks) == 1
    standing.forget()
