"""/metrics: who may read it, and that it says what the page, /readyz and the alarm say."""

from __future__ import annotations

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from crm.home.actions import watch
from crm.outbox.models import OutboundMessage
from crm.slots import LATE
from crm.web import standing
from crm.web.models import Pulse
from tests.conftest import NOON
from tests.crm.home.conftest import ago, alive, browser, enroll, put, way_out, workflow

__all__ = ["alive", "enroll", "put", "way_out", "workflow"]
pytestmark = pytest.mark.usefixtures("way_out", "alive")


LABELS = ("work", "group", "name", "window")


def scrape(client, **more):
    answer = client.get("/metrics", **more)
    assert answer.status_code == 200
    return {
        (sample.name, *(sample.labels[name] for name in LABELS if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_who_may_read(client, ada, mira, sam, settings):
    assert client.get("/metrics").headers["Location"].startswith("/sign-in/")
    for user in (mira, sam):
        assert browser(user).get("/metrics").status_code == 403
    assert browser(ada).get("/metrics").status_code == 200
    bearer = {"Authorization": "Bearer s3cret"}
    assert client.get("/metrics", headers=bearer).status_code == 401  # no token is set
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401
    settings.METRICS_TOKEN = "s3cret"
    assert client.get("/metrics", headers=bearer).status_code == 200
    for wrong in ("Bearer s3cre", "Bearer", "s3cret", "Bearer ſecret", "Basic s3cret"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 302


def test_all_four_say_the_same(put, enroll, ada):
    put(due_at=ago(200))
    enroll(due_at=ago(60))
    enroll("parked")
    put("uncertain")
    Pulse.objects.filter(name="heartbeat").update(ran_at=ago(30))

    how, scraped = standing.read(NOON), scrape(browser(ada))
    ready = Client().get("/readyz").json()
    page = browser(ada).get("/engine/").context

    for load in how.loads:
        for name in standing.FIGURES:
            assert scraped[f"holdfast_{name}", load.work, load.group] == getattr(load, name)
    assert scraped["holdfast_oldest_due_seconds", "outbox", "default"] == 200
    assert scraped["holdfast_oldest_due_seconds", "workflows", "renewal-reminder"] == 60
    assert scraped["holdfast_pulse_age_seconds", "heartbeat"] == 30
    assert scraped["holdfast_alarm",] == 1
    assert ready["work"] == {"oldest_due_seconds": 200, "late": 1, "alarm": True}
    assert ready["ready"] is True
    assert page["how"] == how
    assert watch(NOON).worst.total_seconds() == 200
    assert LATE.total_seconds() == 120


def test_what_was_sent_lately(put, ada):
    for seconds in (30, 59, 60, 3599, 3600, 7200, 86399, 86400):
        put("sent", due_at=ago(seconds + 4), settled_at=ago(seconds))
    scraped = scrape(browser(ada))
    found = {window: scraped["holdfast_done", "outbox", window] for window in ("minute", "hour", "day")}
    assert found == {"minute": 2, "hour": 4, "day": 7}
    assert scraped["holdfast_dwell_p95_seconds", "outbox"] == 4
    assert OutboundMessage.objects.count() == 8


def test_it_speaks_of_no_process(ada):
    assert all(name.startswith("holdfast_") for name, *_ in scrape(browser(ada)))
