"""The pages of changing: versions side by side, what a move would do and its names, how a pause ends, one customer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.history.actions import UndoError, undo
from crm.history.models import Act
from crm.outbox.models import OutboundMessage
from crm.timeline.actions import Fact, record
from retention.workflows import actions, guard, matching
from retention.workflows.changing import persons
from retention.workflows.models import Enrollment, Move, StepRun
from tests.conftest import NOON
from tests.retention.workflows.changing.test_moving import BYE, EXTRA, FIRST
from tests.retention.workflows.plans import DAY, MAIL


@pytest.fixture
def changed(publish, republish, stand):
    """Two who have not begun and three who wait for the last step; then a step is added, one is said otherwise."""
    workflow = publish(FIRST)
    for _ in range(2):
        stand(workflow, "hello", due_at=NOON + DAY)
    for _ in range(3):
        stand(workflow, "bye", "hello", "rest", due_at=NOON + DAY)
    return republish(workflow, {**MAIL, "body": "Other words"}, EXTRA, BYE)


def test_the_versions_tab_says_what_changed_and_counts_who_is_on_each(browse, ada, changed):
    assert browse(ada).get("/workflows/test/").context["behind"] == 5
    page = browse(ada).get("/workflows/test/?tab=versions")
    lines = page.context["lines"]
    assert [(line["version"].number, line["people"]) for line in lines] == [(2, 0), (1, 5)]
    assert lines[0]["difference"].sentence == "1 step added, 1 step removed, 1 step changed."
    text = page.content.decode()
    assert "?tab=people&amp;version=1" in text
    assert "/workflows/test/moving/" in text
    names = browse(ada).get("/workflows/test/?tab=people&version=1")
    assert len(names.context["lines"]) == 5
    assert "/workflows/test/moving/" not in browse(ada).get("/workflows/test/?tab=people").content.decode()


def test_two_versions_stand_side_by_side(browse, mira, changed):
    page = browse(mira).get("/workflows/test/?tab=versions&from=1&to=2")
    difference = page.context["compared"]["difference"]
    assert [(step.step_id, step.kind) for step in difference.steps] == [
        ("hello", "changed"), ("rest", "removed"), ("extra", "added"), ("bye", "kept"),
    ]  # fmt: skip
    words = difference.steps[0].words
    assert [(one.label, one.before, one.after) for one in words] == [(words[0].label, "Hi", "Other words")]
    assert "Make version 1 current again" not in page.content.decode()
    for odd in ("from=1&to=99", "from=x&to=2", "from=1", "from=99999999999&to=1"):
        assert browse(mira).get(f"/workflows/test/?tab=versions&{odd}").context["compared"] is None


def test_an_earlier_version_becomes_current_again_as_a_new_one(browse, ada, changed):
    client = browse(ada)
    page = client.post("/workflows/test/versions/1/restoration/", follow=True).content.decode()
    assert "Version 1 is current again, as version 3." in page
    changed.refresh_from_db()
    first = changed.versions.get(number=1)
    assert (changed.version.number, changed.version.definition) == (3, first.definition)
    assert Enrollment.objects.exclude(version=first).count() == 0  # nobody was moved
    refused = client.post("/workflows/test/versions/1/restoration/", follow=True).content.decode()
    assert "does the same as version 1" in refused
    assert changed.versions.count() == 3
    assert (
        "There is no version 9." in client.post("/workflows/test/versions/9/restoration/", follow=True).content.decode()
    )


def test_how_many_are_held_out_stays_as_it_is_whatever_version_comes_back(browse, ada, changed):
    """It was 0 in version 1: with that the comparison would end, and nobody would be told."""
    actions.hold_out("test", 20, NOON)
    page = browse(ada).post("/workflows/test/versions/1/restoration/", follow=True).content.decode()
    assert "Version 1 is current again, as version 4." in page
    changed.refresh_from_db()
    first = changed.versions.get(number=1)
    assert changed.version.definition == first.definition | {"holdout_percent": 20}
    again = browse(ada).post("/workflows/test/versions/1/restoration/", follow=True).content.decode()
    assert "does the same as version 1" in again


def test_the_settings_of_a_recipe_say_it_too(browse, ada):
    """They are what the next change of a setting goes out from."""
    workflow = actions.enable("inactivity", NOON)
    actions.configure("inactivity", {"days": 21, "holdout_percent": 20}, NOON)
    browse(ada).post("/workflows/inactivity/versions/1/restoration/")
    workflow.refresh_from_db()
    now = workflow.version.definition
    assert (workflow.version.number, now["holdout_percent"], now["trigger"]["days"]) == (3, 20, 14)
    assert actions.configure("inactivity", {"days": 30}, NOON).version.definition["holdout_percent"] == 20


def test_the_figures_of_a_move_open_the_names_behind_them(browse, ada, changed):
    page = browse(ada).get("/workflows/test/moving/")
    seen = page.context["preview"]
    assert [(line.at, line.to, line.count) for line in seen.lines] == [("hello", "hello", 2), ("bye", "bye", 3)]
    assert [(gain.step_id, gain.certain, gain.perhaps) for gain in seen.gains] == [("extra", 2, 0)]
    assert (seen.losses, seen.adds, seen.ended) == ([], True, 0)
    names = browse(ada).get("/workflows/test/moving/people/?gains=extra")
    assert {row.step_id for row in names.context["rows"]} == {"hello"}
    assert (len(names.context["rows"]), names.context["total"]) == (2, 2)
    added = browse(ada).get("/workflows/test/moving/people/?added=1&version=1&at=bye&to=extra")
    assert {row.step_id for row in added.context["rows"]} == {"bye"}
    assert browse(ada).get("/workflows/test/moving/people/?cursor=damaged").status_code == 400


def test_a_move_from_the_page_is_one_act_and_goes_back(browse, ada, changed, run_at):
    client = browse(ada)
    client.post("/workflows/test/moving/", {"added": "1"})
    deed = Act.objects.get(kind="workflow.moved")
    assert str(deed) == "Ada moved 5 customers of “Test” to version 2"
    assert (Move.objects.get().moved, Move.objects.get().visit_added) == (5, True)
    client.post(f"/history/acts/{deed.pk}/undo/")
    assert set(Enrollment.objects.values_list("version__number", flat=True)) == {1}


def test_pages_of_changing_cost_few_queries(browse, ada, changed, django_assert_max_num_queries):
    client = browse(ada)
    for address in ("?tab=versions", "?tab=versions&from=1&to=2", "moving/", "moving/people/?gains=extra"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/workflows/test/{address}").status_code == 200


def test_how_a_pause_ends_is_asked_and_leaving_out_is_offered_first(browse, ada, publish, stand):
    workflow = publish(FIRST)
    stand(workflow, "hello", due_at=NOON - timedelta(minutes=1))
    client = browse(ada)
    client.post("/workflows/test/pause/")
    page = client.get("/workflows/test/resumption/").content.decode()
    assert "<b>1 customer</b> came due meanwhile" in page
    assert 'value="skip" checked' in page
    refused = client.post("/workflows/test/resumption/", {"how": "spread", "over": "31", "unit": "days"})
    assert refused.status_code == 422
    assert "30 days at most" in refused.content.decode()
    workflow.refresh_from_db()
    assert workflow.state == "paused"
    client.post("/workflows/test/resumption/", {"how": "spread", "over": "3", "unit": "hours"})
    workflow.refresh_from_db()
    assert workflow.state == "on"
    assert Act.objects.get(kind="workflow.resumed").detail["how"] == "spread"


def test_who_was_under_way_comes_back_from_the_page(browse, ada, mira, publish, stand):
    workflow = publish(FIRST, "inactivity")
    row = stand(workflow, "bye", due_at=NOON + DAY)
    client = browse(ada)
    assert (
        "<b>1 customer</b> is under way. They leave at once"
        in client.get("/workflows/inactivity/deactivation/").content.decode()
    )
    client.post("/workflows/inactivity/deactivation/")
    assert "Bring them back" in client.get("/workflows/inactivity/").content.decode()
    assert "Bring them back" not in browse(mira).get("/workflows/inactivity/").content.decode()
    client.post("/workflows/inactivity/return/", {"how": "skip"})
    row.refresh_from_db()
    assert row.state == "active"
    again = client.post("/workflows/inactivity/return/", {"how": "skip"}, follow=True)
    assert "It was not switched off" in again.content.decode()


# One customer -----------------------------------------------------------------------------------------------------


@pytest.fixture
def one(publish, stand):
    return stand(publish(FIRST), "bye", "hello", "rest", due_at=NOON + DAY)


def post(browse, user, row, verb, **data):
    return browse(user).post(f"/workflows/test/enrollments/{row.pk}/{verb}/", data, follow=True).content.decode()


def test_a_paused_customer_stands_still_until_they_go_on(browse, ada, one, run_at):
    assert "Say why" in post(browse, ada, one, "hold")
    page = post(browse, ada, one, "hold", reason="They are moving house")
    assert "They are moving house" in page
    run_at(NOON + 9 * DAY)
    assert not OutboundMessage.objects.exists()
    one.refresh_from_db()
    with pytest.raises(persons.PersonError):
        persons.hold(one, "", ada, NOON)
    persons.release(one, "", ada, NOON + 9 * DAY)
    run_at(NOON + 9 * DAY)
    assert OutboundMessage.objects.get().due_at == NOON + 9 * DAY


def test_planned_mail_of_a_paused_customer_waits(publish, stand, run_at, ada):
    row = stand(publish(FIRST), "hello")
    run_at(NOON)
    persons.hold(row, "A call first", ada, NOON)
    refusal = guard.refuse([OutboundMessage.objects.get()], NOON)
    assert [one.until for one in refusal.values()] == [NOON + guard.ASK_AGAIN]


def test_a_goal_ends_a_paused_customers_way_too(publish, stand, ada):
    workflow = publish({**FIRST, "goal": {"because": "Seen", "fact": "login"}})
    row = stand(workflow, "bye", due_at=NOON + DAY)
    persons.hold(row, "A call first", ada, NOON)
    record([Fact(row.account_id, "login", "Logged in", occurred_at=NOON + DAY)], now=NOON + DAY)
    matching.match(NOON + DAY)
    row.refresh_from_db()
    assert row.state == "reached"


def test_a_step_that_is_left_out_never_runs_and_its_undo_lets_it(browse, ada, one, run_at):
    post(browse, ada, one, "skip", reason="They had it by phone")
    one.refresh_from_db()
    assert (one.state, one.step_id) == ("done", "")
    assert StepRun.objects.get(step_id="bye").outcome == "Left out by Ada: They had it by phone"
    undo(Act.objects.get(), ada, NOON)
    one.refresh_from_db()
    assert (one.state, one.step_id, one.ended_at) == ("active", "bye", None)
    run_at(NOON + DAY)
    assert OutboundMessage.objects.count() == 1


def test_taken_out_they_get_nothing_more_and_its_undo_brings_them_back(browse, ada, one, run_at):
    post(browse, ada, one, "leaving", reason="They asked us")
    one.refresh_from_db()
    assert (one.state, one.ended_because) == ("exited", "Taken out by Ada: They asked us")
    assert "is not under way any more" in post(browse, ada, one, "leaving", reason="Again")
    undo(Act.objects.get(), ada, NOON)
    run_at(NOON + DAY)
    assert OutboundMessage.objects.count() == 1


def test_an_undo_that_comes_too_late_is_refused(ada, one, run_at):
    deed = persons.hold(one, "A call", ada, NOON)
    persons.release(one, "", ada, NOON)
    run_at(NOON + DAY)
    with pytest.raises(UndoError):
        undo(deed, ada, NOON + DAY)


def test_nothing_is_done_in_a_workflow_that_is_off(one, ada):
    one.workflow.state = "off"
    one.workflow.save()
    with pytest.raises(persons.PersonError):
        persons.leave(one, "Why", ada, NOON)
    assert not Act.objects.exists()
    assert actions.resume(one.workflow, NOON) is False
