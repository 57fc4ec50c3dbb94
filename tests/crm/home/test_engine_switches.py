"""Mail that people stop and let go on in the engine room."""

from __future__ import annotations

import re
from html import unescape

import pytest

from crm.outbox import load, policy, stopping
from crm.outbox.models import OutboundMessage, Sender, Switch
from crm.web import standing
from crm.web.models import Pulse
from tests.conftest import NOON
from tests.crm.home.conftest import ago, browser

pytestmark = pytest.mark.usefixtures("way_out")


def test_switches_are_thrown_and_lifted(put, ada, mira):
    message, client = put(), browser(ada)
    assert browser(mira).post("/engine/switches/", {"scope": "all", "reason": "no"}).status_code == 403
    for asked in (
        {"scope": "all"}, {"scope": "nonsense", "reason": "x"}, {"scope": "sender:nobody", "reason": "x"},
        {"scope": "person", "address": "nobody@nowhere.example", "reason": "x"}, {"reason": "x"},
    ):  # fmt: skip
        client.post("/engine/switches/", asked)
    assert not Switch.objects.exists()

    asked = {"scope": "person", "address": message.contact.email.upper(), "reason": "They are ill"}
    page = client.post("/engine/switches/", asked, follow=True)
    switch = Switch.objects.get()
    assert (switch.scope, switch.reason, switch.thrown_by) == (f"contact:{message.contact_id}", "They are ill", ada)
    assert "They are ill" in page.content.decode()

    (undo,) = re.findall(r'action="(/engine/switches/lifting/\?[^"]*)"', unescape(page.content.decode()))
    assert browser(mira).post(undo).status_code == 403
    assert Switch.objects.exists()
    page = client.post(undo, follow=True)
    assert not Switch.objects.exists()

    (redo,) = re.findall(r'action="(/engine/switches/\?[^"]*)"', unescape(page.content.decode()))
    client.post(redo)
    assert Switch.objects.get().reason == "They are ill"


def test_a_hostile_scope_lifts_nothing(db, ada):
    policy.throw("all", "really", NOON)
    for scope in ("", "\0", "sender:x"):
        browser(ada).post("/engine/switches/lifting/", {"scope": scope})
    assert Switch.objects.count() == 1


@pytest.mark.parametrize(
    ("stop", "title"),
    [
        (lambda ada: policy.throw("all", "wrong text", NOON, ada), "All mail is stopped by Ada: wrong text."),
        (lambda ada: policy.throw("channel:email", "", NOON, ada), "All e-mail is stopped by Ada."),
        (lambda ada: policy.throw("all", "wrong text", NOON), "All mail is stopped: wrong text."),
        (lambda ada: policy.hold("We look first."), "Mail is on hold: We look first."),
    ],
)
def test_while_no_mail_leaves_the_room_says_so_and_how_to_let_it_go_on(alive, put, ada, stop, title):
    put(due_at=ago(900))
    stop(ada)
    page = browser(ada).get("/engine/")
    body = unescape(page.content.decode())
    assert page.context["head"].title == f"No mail leaves. {title}"
    assert page.context["head"].tone == "warn"
    assert 'href="#stopped">Let it go on' in body
    assert "All is running." not in body
    assert '<span class="badge good">Live</span>' not in body
    assert page.context["how"].total("held") == 1
    assert title in unescape(browser(ada).get("/tasks/").content.decode())


def test_a_stop_of_one_sender_or_reader_is_not_one_of_all(alive, put, ada):
    Sender.objects.create(name="slow")
    message = put()
    policy.throw("sender:slow", "wrong signature", NOON)
    policy.throw(f"contact:{message.contact_id}", "They are ill", NOON)
    page = browser(ada).get("/engine/")
    assert page.context["head"].title == "All is running. Nothing waits."
    assert "No mail leaves." not in browser(ada).get("/tasks/").content.decode()


def test_a_dead_worker_hides_no_stopped_mail(alive, put, ada, monkeypatch):
    monkeypatch.setattr(standing, "bells_waiting", lambda: 3)
    Pulse.objects.update(ran_at=ago(14 * 60))
    policy.throw("all", "wrong text", NOON, ada)
    body = unescape(browser(ada).get("/engine/").content.decode())
    assert "No bell is answered" in body
    assert "All mail is stopped by Ada: wrong text." in body


def test_ones_own_click_is_seen_at_once(alive, put, ada, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(standing, "KEEP_SECONDS", 30)
    standing.forget()
    client = browser(ada)
    assert "No mail leaves." not in client.get("/tasks/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/engine/switches/", {"scope": "all", "reason": "wrong text"})
    assert "No mail leaves." in client.get("/tasks/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/engine/switches/lifting/", {"scope": "all"})
    assert "No mail leaves." not in client.get("/tasks/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        policy.hold("We look first.")
    assert "No mail leaves." in client.get("/tasks/").content.decode()
    standing.forget()


def test_one_home_says_whom_a_switch_covers(alive, put, way_out):
    slow = Sender.objects.create(name="slow")
    mine, by_slow, plain = put(), put(sender_id=slow.pk), put()
    reader_less = put()
    OutboundMessage.objects.filter(pk=reader_less.pk).update(contact=None, account=None)
    everybody = {message.pk for message in (mine, by_slow, plain, reader_less)}
    for scopes, kept in {
        (): set(),
        (f"contact:{mine.contact_id}",): {mine.pk},
        ("sender:slow",): {by_slow.pk},
        ("sender:default",): everybody - {by_slow.pk},
        ("channel:email",): everybody,
        (f"contact:{mine.contact_id}", "sender:slow"): {mine.pk, by_slow.pk},
    }.items():
        Switch.objects.all().delete()
        for scope in scopes:
            policy.throw(scope, "", NOON)
        rows = OutboundMessage.objects.all()
        assert {row.pk for row in load.narrowed(rows, "held", NOON)} == kept, scopes
        assert {row.pk for row in load.narrowed(rows, "due", NOON)} == everybody - kept, scopes
        by_sql = OutboundMessage.objects.raw(
            f"SELECT id FROM crm_outboundmessage m WHERE {stopping.COVERED}", stopping.covering(scopes)
        )
        assert {row.pk for row in by_sql} == kept, scopes


def test_all_mail_is_held_by_one_button_and_a_reason(put, ada):
    put()
    assert 'data-dialog="hold"' in browser(ada).get("/engine/").content.decode()
    browser(ada).post("/engine/switches/", {"scope": "all", "reason": ""})
    assert not Switch.objects.exists()
    browser(ada).post("/engine/switches/", {"scope": "all", "reason": "Wrong prices"})
    thrown = Switch.objects.get()
    assert (thrown.scope, thrown.reason, thrown.thrown_by) == ("all", "Wrong prices", ada)
    assert 'data-dialog="hold"' not in browser(ada).get("/engine/").content.decode()
