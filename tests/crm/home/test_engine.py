"""The engine room: every figure is the number of rows behind it, and every verb does what it says, once."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import slots
from crm.home import engine
from crm.outbox import load, policy, settling, stopping
from crm.outbox.models import OutboundMessage, Sender, Suppression, Switch
from crm.timeline.models import Pending, TimelineEntry
from crm.web import standing
from crm.web.models import Pulse
from retention.workflows import actions as workflows
from retention.workflows.models import Enrollment
from tests.conftest import NOON
from tests.crm.home.conftest import ago, browser

pytestmark = pytest.mark.usefixtures("way_out")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def trouble(alive, put, enroll, pend):
    """Something of everything."""
    slow = Sender.objects.create(name="slow")
    for due_at in (NOON, ago(10), ago(121)):
        put(due_at=due_at)
    put(due_at=ago(-1))  # not yet
    put(due_at=ago(500), sender_id=slow.pk)
    policy.throw("sender:slow", "wrong signature", NOON)
    put("uncertain", reason="No answer.")
    for cause in ("The text cannot be filled in.", "Refused.", "Refused."):
        put("failed", reason=cause, series="renewal-reminder")
    enroll(due_at=ago(120))
    enroll(due_at=ago(120.001))
    enroll("parked", ended_because="KeyError: plan")
    pend(ago(5))
    pend(ago(130))
    pend(parked=True)


def figures(how):
    return {
        (load.work, load.group): {name: count for name in standing.FIGURES if (count := getattr(load, name))}
        for load in how.loads
    }


def test_each_room_says_how_it_stands(trouble):
    assert figures(standing.read(NOON)) == {
        ("workflows", "renewal-reminder"): {"due": 2, "late": 1, "parked": 1, "failed": 3},
        ("outbox", "default"): {"due": 3, "late": 1, "uncertain": 1, "failed": 3},
        ("outbox", "slow"): {"held": 1},
        ("timeline", "facts"): {"due": 2, "late": 1, "parked": 1},
        ("ledger", "renewals"): {},
    }


def test_sums_count_each_row_once(trouble):
    how = standing.read(NOON)
    assert {name: how.total(name) for name in standing.FIGURES} == {
        "due": 7, "late": 3, "held": 1, "parked": 2, "uncertain": 1, "failed": 3,
    }  # fmt: skip
    assert how.needs_person == 6


def test_every_figure_opens_as_many_rows(trouble, ada):
    client = browser(ada)
    page = client.get("/engine/")
    cells = [cell for source in page.context["sources"] for row in source["rows"] for cell in row["cells"]]
    opened = {cell["url"]: cell["count"] for cell in cells if cell["count"]}
    assert len(opened) == 12
    for url, count in opened.items():
        assert unescape(url) in unescape(page.content.decode())
        behind = client.get(url)
        assert behind.status_code == 200, url
        body = behind.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
        assert len(re.findall("<tr>", body)) == count, url


def test_a_paused_workflow_holds_and_is_not_late(enroll, workflow):
    enroll(due_at=ago(900))
    workflows.pause(workflow)
    how = standing.read(NOON)
    assert figures(how)["workflows", "renewal-reminder"] == {"held": 1}
    assert how.oldest is None


def test_mail_on_hold_is_not_late(alive, put):
    put(due_at=ago(900))
    policy.hold("We look first.")
    how = standing.read(NOON)
    assert figures(how)["outbox", "default"] == {"held": 1}
    assert (how.of("outbox")[0].because, how.alarming) == ("Mail is on hold: We look first.", False)


def test_without_a_way_out_mail_is_held(alive, put, settings):
    settings.EMAIL_URL = ""
    put(due_at=ago(900))
    assert figures(standing.read(NOON))["outbox", "default"] == {"held": 1}


@pytest.mark.parametrize(("looked", "figure"), [(1200, {"due": 1}), (1199, {}), (1320.001, {"due": 1, "late": 1})])
def test_a_look_at_renewals_is_missed_after_two_intervals_since_a_restarted_beat_rings_one_after_its_start(
    db, looked, figure
):
    Pulse.objects.create(name="ledger", ran_at=ago(looked))
    assert figures(standing.read(NOON))["ledger", "renewals"] == figure


def test_a_tick_looks_at_renewals_too(db):
    Pulse.objects.create(name="ledger", ran_at=ago(9000))
    Pulse.objects.create(name="tick", ran_at=NOON)
    assert figures(standing.read(NOON))["ledger", "renewals"] == {}


def test_the_page_costs_few_queries(trouble, ada):
    client = browser(ada)
    client.get("/engine/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/engine/")
    assert len(queries) <= 12, "\n".join(query["sql"][:400] for query in queries)
    with CaptureQueriesContext(connection) as queries:
        client.get("/engine/", headers=HTMX)
    assert len(queries) <= 12


def test_the_part_that_moves_comes_alone(trouble, ada):
    part = browser(ada).get("/engine/", headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'id="failed"' in part
    assert "data-engine" not in part


def test_all_is_well(alive, ada):
    page = browser(ada).get("/engine/").content.decode()
    assert "All is running. Nothing waits." in page
    assert "Nothing needs a person" in page


@pytest.mark.parametrize(
    ("bells", "words", "command"),
    [
        (3, "bells wait in Redis, and no worker hears them", "celery worker"),
        (0, "beat does not ring", "celery beat"),
        (None, "Redis does not answer", ""),
    ],
)
def test_who_is_silent_is_said_with_how_to_start_it(alive, ada, monkeypatch, bells, words, command):
    Pulse.objects.update(ran_at=ago(14 * 60))
    monkeypatch.setattr(standing, "bells_waiting", lambda: bells)
    page = browser(ada).get("/engine/").content.decode()
    assert f"No bell is answered: {words}, for 14 minutes." in page
    assert f"No bell is answered: {words}, for 14 minutes." in browser(ada).get("/tasks/").content.decode()
    assert command.replace("celery ", "celery --app crm.config.celery ") in page


def test_nobody_but_admins_comes_in(trouble, client, mira, sam, ada):
    for user in (mira, sam):
        assert browser(user).get("/engine/").status_code == 403
        assert browser(user).get("/engine/facts/").status_code == 403
        assert 'href="/engine/"' not in browser(user).get("/tasks/").content.decode()
    assert client.get("/engine/").headers["Location"].startswith("/sign-in/")
    assert 'href="/engine/"' in browser(ada).get("/tasks/").content.decode()


def everything():
    return (
        list(OutboundMessage.objects.order_by("pk").values_list("pk", "state", "reason")),
        list(Enrollment.objects.order_by("pk").values_list("pk", "state")),
        list(Pending.objects.order_by("pk").values_list("pk", "parked_at")),
        list(Switch.objects.values_list("scope", flat=True)),
    )


def ids_of(kind):
    if kind == "facts":
        return list(Pending.objects.exclude(parked_at=None).values_list("entry_id", flat=True))
    if kind == "enrollments":
        return list(Enrollment.objects.filter(state="parked").values_list("pk", flat=True))
    return list(OutboundMessage.objects.filter(state=kind).values_list("pk", flat=True))


VERBS = [
    ("uncertain", "sent"), ("uncertain", "again"), ("failed", "again"), ("failed", "discard"),
    ("enrollments", "again"), ("enrollments", "discard"), ("facts", "again"), ("facts", "discard"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "verb"), VERBS)
def test_only_admins_mend(trouble, mira, sam, client, kind, verb):
    before, asked = everything(), {"id": ids_of(kind), "reason": "because"}
    for user in (mira, sam):
        assert browser(user).post(f"/engine/{kind}/{verb}/", asked).status_code == 403
    assert client.post(f"/engine/{kind}/{verb}/", asked).headers["Location"].startswith("/sign-in/")
    assert browser(mira).get(f"/engine/{kind}/{verb}/").status_code == 403
    assert everything() == before


@pytest.mark.parametrize(("kind", "verb"), VERBS)
def test_nothing_happens_without_a_reason_or_a_choice(trouble, ada, kind, verb):
    before = everything()
    for asked in ({"id": ids_of(kind)}, {"reason": "because"}, {"id": ["x", "-1", "9" * 30], "reason": "because"}):
        browser(ada).post(f"/engine/{kind}/{verb}/", asked)
    assert everything() == before


@pytest.mark.parametrize(("kind", "verb"), VERBS)
def test_a_verb_twice_is_once(trouble, ada, kind, verb):
    asked, client = {"id": ids_of(kind), "reason": "I asked them"}, browser(ada)
    many = len(asked["id"])

    page = client.post(f"/engine/{kind}/{verb}/", asked, follow=True)
    assert f": {many}." in unescape(page.content.decode())
    after, entries = everything(), TimelineEntry.objects.count()
    assert ids_of(kind) == []

    page = client.post(f"/engine/{kind}/{verb}/", asked, follow=True)
    assert "Nothing was changed" in page.content.decode()
    assert (everything(), TimelineEntry.objects.count()) == (after, entries)


def test_what_became_of_each(trouble, ada):
    failed, (uncertain,) = ids_of("failed"), ids_of("uncertain")
    client = browser(ada)
    client.post("/engine/uncertain/sent/", {"id": uncertain, "reason": "The reader has it"})
    client.post("/engine/failed/again/", {"id": failed[:2], "reason": "Mended"})
    client.post("/engine/failed/discard/", {"id": failed[2:], "reason": "Not needed"})
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert [states[pk] for pk in (uncertain, *failed)] == ["sent", "due", "due", "cancelled"]
    told = OutboundMessage.objects.get(pk=failed[2]).decisions.get()
    assert (told.verdict, told.by, told.reason) == ("dismissed", ada, "Not needed")


def test_discarding_mail_can_be_undone(trouble, ada):
    before, failed, client = everything(), ids_of("failed"), browser(ada)
    page = client.post("/engine/failed/discard/", {"id": failed, "reason": "Not needed"}, follow=True)
    (undo,) = re.findall(r'action="(/engine/failed/restore/[^"]*)"', unescape(page.content.decode()))
    client.post(undo)
    assert everything() == before
    client.post(undo)
    assert everything() == before


def test_mail_that_was_called_off_is_not_restored_as_failed(put, ada):
    message = put("cancelled")
    browser(ada).post(f"/engine/failed/restore/?ids={message.pk}")
    message.refresh_from_db()
    assert message.state == "cancelled"


def test_a_suppressed_address_is_left_and_said(put, ada):
    good, bad = put("failed"), put("failed")
    Suppression.objects.create(address=bad.contact.email, reason="No such mailbox.")
    page = browser(ada).post("/engine/failed/again/", {"id": [good.pk, bad.pk], "reason": "Again"}, follow=True)
    assert "Tried again: 1. Left as they were: 1." in page.content.decode()
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert (states[good.pk], states[bad.pk]) == ("due", "failed")


def test_unknown_kinds_and_verbs_are_nowhere(db, ada):
    for place in ("failed/explode", "nothing/again"):
        assert browser(ada).post(f"/engine/{place}/", {"id": 1, "reason": "x"}).status_code == 404


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


def test_both_ways_to_start_a_worker_are_named(alive, ada, monkeypatch):
    monkeypatch.setattr(standing, "bells_waiting", lambda: 3)
    Pulse.objects.update(ran_at=ago(14 * 60))
    body = browser(ada).get("/engine/").content.decode()
    assert "<code>docker compose up -d worker</code> or <code>celery --app crm.config.celery worker</code>" in body


@pytest.mark.parametrize("place", ["failed/again", "switches", "switches/lifting"])
def test_a_get_of_what_is_only_posted_leads_back(trouble, ada, place):
    before = everything()
    answer = browser(ada).get(f"/engine/{place}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/engine/")
    assert everything() == before


def test_a_damaged_address_of_facts_is_said_in_the_design(db, ada):
    answer = browser(ada).get("/engine/facts/?cursor=xx")
    assert answer.status_code == 400
    assert "<html" in answer.content.decode()
    assert answer.content == browser(ada).get("/accounts/?cursor=xx").content


def test_an_undo_restores_what_was_discarded_here_alone(put, ada, make_user):
    mine, theirs = put("failed"), put("failed")
    browser(make_user("Bea", "admin")).post("/engine/failed/discard/", {"id": theirs.pk, "reason": "Theirs"})
    asked = {"id": [mine.pk, theirs.pk], "reason": "Mine"}
    page = browser(ada).post("/engine/failed/discard/", asked, follow=True).content.decode()
    assert "Discarded: 1. Left as they were: 1." in page
    (undo,) = re.findall(r'action="(/engine/failed/restore/[^"]*)"', unescape(page))
    assert undo == f"/engine/failed/restore/?ids={mine.pk}"
    browser(ada).post(undo)
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert (states[mine.pk], states[theirs.pk]) == ("failed", "cancelled")


@pytest.mark.parametrize(("kind", "trace"), [("enrollments", "enrollment.retried"), ("facts", "fact.unparked")])
def test_trying_again_is_kept_with_reason_and_name(trouble, ada, kind, trace):
    browser(ada).post(f"/engine/{kind}/again/", {"id": ids_of(kind), "reason": "The filter is mended"})
    kept = TimelineEntry.objects.get(kind=trace)
    assert kept.actor == ada
    assert kept.text.endswith(": The filter is mended")


def test_what_a_person_settles_as_sent_was_not_sent_now(put, ada):
    put("sent", settled_at=ago(30))
    doubted = put("uncertain", sending_at=ago(9000))
    settling.settle_as_sent(doubted.pk, "The reader has it", ada, ago(30))
    assert load.lately(NOON).day == 1


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
        by_sql = OutboundMessage.objects.raw(f"SELECT id FROM crm_outboundmessage m WHERE {stopping.COVERED}")
        assert {row.pk for row in by_sql} == kept, scopes


@pytest.mark.parametrize("scope", ["", "all", "contact:1", "sender:slow"])
def test_a_big_backlog_is_read_by_its_index_and_asks_nothing_for_each_row(alive, put, scope):
    first = put(due_at=ago(900))
    columns = [
        field.column
        for field in OutboundMessage._meta.concrete_fields
        if not (field.generated or field.name in ("id", "key"))
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO crm_outboundmessage (key, {', '.join(columns)})"
            f" SELECT 'big' || n, {', '.join(columns)} FROM crm_outboundmessage, generate_series(1, 20000) AS n"
            " WHERE crm_outboundmessage.id = %s",
            [first.pk],
        )
        cursor.execute("ANALYZE crm_outboundmessage")
        if scope:
            policy.throw(scope, "", NOON)
        sql, values = load.select(NOON)
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", values)
        plan = cursor.fetchone()[0][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 25_000


def test_enter_decides_nothing_and_what_cannot_be_taken_back_asks_first(trouble, ada):
    page = browser(ada).get("/engine/").content.decode()
    for kind in ("uncertain", "failed", "enrollments", "facts"):
        form = page.partition(f'id="{kind}" method="post"')[2].partition("</form>")[0]
        buttons = re.findall(r"<button[^>]*>", form)
        assert "disabled" in buttons[0]  # the one that Enter presses
        plain, _, asked = form.partition("<dialog")
        for verb, each in slots.repairs[kind].verbs.items():
            if not each.offered:
                continue
            place = f'formaction="/engine/{kind}/{verb}/"'
            assert (place in plain, place in asked) == (not each.asks, bool(each.asks)), (kind, verb)
    asking = {(kind, verb) for kind, verb in VERBS if slots.repairs[kind].verbs[verb].asks}
    assert asking == {("uncertain", "sent"), ("uncertain", "again"), ("enrollments", "discard"), ("facts", "discard")}


def test_after_a_decision_one_stays_where_one_was(trouble, ada):
    failed, client = ids_of("failed"), browser(ada)
    first = client.post("/engine/failed/discard/", {"id": failed[:1], "reason": "Not needed"})
    rest = client.post("/engine/failed/discard/", {"id": failed[1:], "reason": "Not needed"})
    assert [first.headers["Location"], rest.headers["Location"]] == ["/engine/#failed", "/engine/#decisions"]


def test_how_many_more_there_are_is_said(put, ada):
    for _ in range(engine.SHOWN + 3):
        put("failed", reason="Refused.")
    page = browser(ada).get("/engine/").content.decode()
    assert f"The latest {engine.SHOWN} are shown, 3 more follow." in page
    assert f"Choose all {engine.SHOWN} shown with this cause" in page
    assert page.count('name="id"') == engine.SHOWN


def test_who_is_parked_is_shown_since_it_was(enroll, ada):
    enroll("parked", due_at=ago(240), ended_because="KeyError: plan")
    (repair,) = browser(ada).get("/engine/").context["repairs"]
    ((_, rows),) = repair["causes"]
    assert [row.since for row in rows] == [ago(300)]


def test_what_needs_a_person_comes_before_what_runs(alive, put, ada):
    put("uncertain", reason="No answer.")
    page = browser(ada).get("/engine/").content.decode()
    assert "<b>1 thing needs you.</b> All else is running." in page
    assert "Nothing was sent in the last hour" in page
