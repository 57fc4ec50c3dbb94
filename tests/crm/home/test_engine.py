"""The engine room: figures that open their rows, who is silent, and what it costs to look."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.outbox import load, policy
from crm.outbox.models import OutboundMessage
from crm.web import standing
from crm.web.models import Pulse
from retention.workflows import actions as workflows
from tests.conftest import NOON
from tests.crm.home.conftest import ago, browser, everything

pytestmark = pytest.mark.usefixtures("way_out")


HTMX = {"HX-Request": "true"}


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
        ("inbox", "inbox"): {},
        ("inbox", "files"): {},
        ("billing wishes", "stripe"): {},
        ("dunning", "tries"): {},
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
        assert len(re.findall("<tr[ >]", body)) == count, url


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


@pytest.mark.parametrize(("looked", "figure"), [(120, {"due": 1}), (119, {}), (240.001, {"due": 1, "late": 1})])
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


def test_what_needs_a_person_comes_before_what_runs(alive, put, ada):
    put("uncertain", reason="No answer.")
    page = browser(ada).get("/engine/").content.decode()
    assert "<b>1 thing needs you.</b> All else is running." in page
    assert "Nothing was sent in the last hour" in page
