"""The alarm: opens once, tells each admin once, says so on every page, and closes after the calm."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection

from crm.home.actions import CALM, look_back, watch
from crm.home.jobs import watch as bell
from crm.home.models import Alarm
from crm.outbox.models import OutboundMessage
from crm.web import clock, standing
from crm.web.models import Pulse
from tests.conftest import NOON
from tests.crm.home.conftest import ago, browser

pytestmark = pytest.mark.usefixtures("way_out")

TICK = timedelta(microseconds=1)


def mails():
    return list(OutboundMessage.objects.filter(origin="alarm").values_list("user__name", flat=True))


@pytest.mark.parametrize(("passed", "opens"), [(timedelta(0), False), (TICK, True)])
def test_two_minutes_are_not_too_long_and_a_moment_more_is(alive, enroll, ada, passed, opens):
    enroll(due_at=ago(120) - passed)
    assert bool(watch(NOON)) is opens
    assert mails() == (["Ada"] if opens else [])


@pytest.mark.parametrize(("passed", "opens"), [(timedelta(0), False), (TICK, True)])
def test_silence_too(db, ada, passed, opens, monkeypatch):
    monkeypatch.setattr(standing, "bells_waiting", lambda: 0)  # another test's may wait in the broker
    Pulse.objects.create(name="heartbeat", ran_at=ago(120) - passed)
    assert bool(watch(NOON)) is opens
    if opens:
        assert Alarm.objects.get().cause == "No bell is answered: beat does not ring."


def test_where_nobody_ever_worked_nobody_is_missed(db, ada):
    assert watch(NOON) is None


def test_one_mail_to_each_admin_for_each_episode(alive, put, ada, mira, make_user):
    make_user("Bea", "admin")
    make_user("Gone", "admin", is_active=False)
    message = put(due_at=ago(300))
    for minute in range(10):
        watch(NOON + timedelta(minutes=minute))
    assert sorted(mails()) == ["Ada", "Bea"]
    alarm = Alarm.objects.get()
    assert (alarm.opened_at, alarm.seen_at) == (ago(180), NOON + timedelta(minutes=9))
    assert alarm.worst == timedelta(minutes=14)
    assert alarm.cause == "Work waits: mail of the default sender."

    OutboundMessage.objects.filter(pk=message.pk).update(state="sent", settled_at=NOON)
    OutboundMessage.objects.filter(origin="alarm").update(state="sent", settled_at=NOON)
    Pulse.objects.update(ran_at=alarm.seen_at + CALM)
    assert watch(alarm.seen_at + CALM - TICK) is not None
    assert watch(alarm.seen_at + CALM) is None
    alarm.refresh_from_db()
    assert (alarm.is_open, alarm.closed_at) == (False, alarm.seen_at + CALM)

    put(due_at=ago(300))
    again = watch(alarm.closed_at)
    assert again.pk != alarm.pk
    assert sorted(mails()) == ["Ada", "Ada", "Bea", "Bea"]


def test_a_stutter_is_one_episode(alive, put, ada):
    first = put(due_at=ago(300))
    watch(NOON)
    OutboundMessage.objects.filter(pk=first.pk).update(state="cancelled")
    OutboundMessage.objects.filter(origin="alarm").update(state="cancelled")
    watch(NOON + timedelta(minutes=1))
    put(due_at=ago(300))
    watch(NOON + timedelta(minutes=2))
    assert Alarm.objects.count() == 1
    assert mails() == ["Ada"]


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_are_one_episode_and_one_mail(alive, put, ada):
    put(due_at=ago(300))
    at_once = threading.Barrier(4)

    def look():
        at_once.wait()
        watch(NOON)
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Alarm.objects.count() == 1
    assert mails() == ["Ada"]


def test_the_bell_and_the_tick_look(alive, put, ada):
    put(due_at=ago(300), state="due", category="service")
    bell()
    assert Alarm.objects.count() == 1
    Alarm.objects.all().delete()
    Pulse.objects.create(name="tick", ran_at=NOON)
    Pulse.objects.filter(name="heartbeat").delete()
    with clock.travelling(NOON + timedelta(minutes=3)):
        call_command("tick", verbosity=0)
    # The tick tried to send it, and what it could not send is planned for later: nothing waits.
    assert not Alarm.objects.filter(is_open=True, cause__startswith="No bell").exists()


def test_on_a_clock_that_a_test_moves_the_bell_is_deaf(alive, put, ada, settings):
    settings.HOLDFAST_CLOCK_FILE = "/nowhere"
    put(due_at=ago(300))
    bell()
    assert not Alarm.objects.exists()


def test_admins_see_it_on_every_page(alive, put, ada, mira, sam):
    put(due_at=ago(300))
    page = browser(ada).get("/tasks/").content.decode()
    assert "Work stands still." in page
    assert "Work waits: mail of the default sender, for 5 minutes." in page
    assert "Work waits: mail of the default sender, for 5 minutes." in browser(ada).get("/engine/").content.decode()
    for user in (mira, sam):
        assert "stands still" not in browser(user).get("/tasks/").content.decode()


def test_held_mail_is_said_to_those_who_can_do_something(alive, put, ada, mira, sam):
    from crm.outbox import policy

    policy.hold("We look first.")
    for user in (ada, mira):
        assert "No mail leaves." in browser(user).get("/tasks/").content.decode()
    assert "No mail leaves." not in browser(sam).get("/tasks/").content.decode()


def test_pages_share_one_look_for_a_few_seconds(alive, put, ada, monkeypatch):
    caches["pages"].delete("standing")
    monkeypatch.setattr(standing, "KEEP_SECONDS", 30)
    assert standing.recent().alarming is False
    put(due_at=ago(300))
    assert standing.recent().alarming is False
    caches["pages"].delete("standing")
    assert standing.recent().alarming is True
    caches["pages"].delete("standing")


def test_without_a_cache_pages_still_know(alive, put, ada, monkeypatch, settings):
    monkeypatch.setattr(standing, "KEEP_SECONDS", 30)
    settings.CACHES = {
        name: {"BACKEND": "crm.web.cache.FailingOpenRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
        for name in ("default", "pages")
    }
    put(due_at=ago(300))
    assert standing.recent().alarming is True


def test_the_history_tells_of_it(alive, ada):
    Alarm.objects.create(
        opened_at=ago(9000), seen_at=ago(8000), closed_at=ago(7700), is_open=False, worst=timedelta(minutes=17),
        cause="No worker answers.",
    )  # fmt: skip
    page = browser(ada).get("/engine/").content.decode()
    assert "17 minutes" in page
    assert "No worker answers." in page


def test_where_nobody_looked_before_nothing_is_missed(db, ada):
    assert look_back(NOON) is None
    assert mails() == []


@pytest.mark.parametrize(("passed", "missed"), [(timedelta(0), False), (TICK, True)])
def test_an_outage_that_is_over_is_told_in_the_past_tense_with_its_true_times(alive, ada, passed, missed):
    last = ago(180) - passed
    Pulse.objects.create(name="alarm", ran_at=last)
    bell()
    assert Alarm.objects.exists() is missed
    assert mails() == (["Ada"] if missed else [])
    if missed:
        alarm = Alarm.objects.get()
        assert (alarm.opened_at, alarm.closed_at, alarm.is_open) == (last + timedelta(minutes=2), NOON, False)
        subject, text = OutboundMessage.objects.get(origin="alarm").preview()
        assert subject == "Holdfast: work stood still"
        assert "Work stood still from 1 June 2026, 11:5" in text
        assert "to 1 June 2026, 12:00" in text
        bell()
        assert Alarm.objects.count() == 1


def test_an_outage_that_goes_on_is_one_episode_from_its_true_start(alive, put, ada):
    Pulse.objects.create(name="alarm", ran_at=ago(3600))
    put(due_at=ago(300))
    bell()
    alarm = Alarm.objects.get()
    assert (alarm.opened_at, alarm.is_open, alarm.worst) == (ago(3480), True, timedelta(hours=1))
    assert mails() == ["Ada"]


def test_a_tick_long_after_the_last_one_is_no_outage(db, ada):
    Pulse.objects.create(name="tick", ran_at=ago(60))
    Pulse.objects.create(name="alarm", ran_at=ago(36000))
    assert look_back(NOON) is None
    assert not Alarm.objects.exists()


def test_under_a_red_banner_the_room_does_not_say_there_was_none(alive, ada, monkeypatch):
    Pulse.objects.update(ran_at=ago(14 * 60))
    page = browser(ada).get("/engine/").content.decode()
    assert "There was none." not in page
    assert "when a worker looks again" in page
    assert not Alarm.objects.exists()
