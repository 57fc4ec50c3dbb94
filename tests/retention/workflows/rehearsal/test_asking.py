"""Asking for a rehearsal, cancelling it, and what becomes of one whose worker dies."""

from datetime import timedelta

import pytest

from retention.workflows import definition
from retention.workflows.rehearsal import actions, walk
from retention.workflows.rehearsal.actions import RehearsalError
from retention.workflows.rehearsal.models import KEPT, Rehearsal, RehearsalLine
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import TASK, silent

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def ask(ada):
    def ask(slug="test", span="ahead", **more):
        plan = definition.parse({"name": "Test", **silent()})
        return actions.ask(slug, plan, "version 1", span, ada, NOON, **more)

    return ask


def test_one_at_a_time_of_each_workflow(ask):
    ask()
    with pytest.raises(RehearsalError, match="rehearsed already"):
        ask()
    ask("another")
    assert Rehearsal.objects.count() == 2


def test_so_many_wait_and_no_more(ask):
    for number in range(actions.MOST_WAITING):
        ask(f"w{number}")
    with pytest.raises(RehearsalError, match="10 rehearsals wait already"):
        ask("one-more")


def test_whoever_comes_second_plays_nothing_while_one_is_played(ask, monkeypatch):
    first, second = ask(), ask("another")
    seen = []
    monkeypatch.setattr(actions.Walk, "run", lambda self: seen.append(Rehearsal.objects.get(pk=second.pk).state))
    claim = actions._claim(NOON)
    assert claim.pk == first.pk
    assert actions._claim(NOON) is None
    assert actions.run(NOON) == 0


def test_one_that_is_cancelled_ends_within_a_moment(ask, monkeypatch):
    factories.account(last_seen_at=NOON - 10 * DAY)
    asked = ask()
    monkeypatch.setattr(actions, "LOOK_EVERY", 0)
    monkeypatch.setattr(walk.Walk, "_stop", _cancelling(walk.Walk._stop, asked))
    assert actions.run(NOON) == 1
    asked.refresh_from_db()
    assert asked.state == "cancelled"
    assert not RehearsalLine.objects.exists()
    assert not actions.cancel("test", asked.pk, NOON)


def _cancelling(stop, asked):
    """The walk's own connection cannot write the row: somebody else does."""

    def cancelled(self, begin, moment):
        outer = self.told.__self__.outer
        with outer.cursor() as cursor:
            cursor.execute("UPDATE retention_rehearsal SET state = 'cancelled' WHERE id = %s", [asked.pk])
        stop(self, begin, moment)

    return cancelled


def test_what_a_dead_worker_played_begins_again_and_is_given_up_the_second_time(ask):
    asked = ask()
    for state in ("waiting", "failed"):
        assert actions._claim(NOON).pk == asked.pk
        RehearsalLine.objects.create(
            rehearsal=asked, account=factories.account(), at=NOON, day=NOON.date(), kind="", outcome="entered"
        )
        Rehearsal.objects.update(backend_pid=1, backend_start=NOON)  # a session that is no more
        actions._settle_the_fallen(NOON)
        asked.refresh_from_db()
        assert asked.state == state
    assert "died while it played this, twice" in asked.error


def test_one_that_lives_is_left_alone(ask):
    ask()
    actions._claim(NOON)
    actions._settle_the_fallen(NOON)
    assert Rehearsal.objects.get().state == "running"


def test_what_cannot_be_played_says_so(ask, monkeypatch):
    asked = ask()
    monkeypatch.setattr(actions.Walk, "run", lambda self: 1 / 0)
    assert actions.run(NOON) == 1
    asked.refresh_from_db()
    assert (asked.state, asked.error) == ("failed", actions._FAILED)


def test_a_look_that_fails_is_told(rehearse, monkeypatch):
    monkeypatch.setattr("retention.workflows.triggers.sweeping.entering.enter", lambda *args: 1 / 0)
    done = rehearse({"trigger": {"when": "silence", "days": 14}, "steps": [TASK]})
    assert done.state == "failed"


def test_old_ones_are_forgotten_and_of_each_workflow_the_latest_are_kept(ask):
    for number in range(actions.MOST_KEPT + 2):
        made = ask()
        Rehearsal.objects.filter(pk=made.pk).update(state="done", asked_at=NOON - KEPT if number else NOON - KEPT - DAY)
    waiting = ask()
    Rehearsal.objects.filter(pk=waiting.pk).update(asked_at=NOON - 2 * KEPT)
    actions.tidy(NOON)
    assert Rehearsal.objects.filter(state="done").count() == actions.MOST_KEPT
    assert Rehearsal.objects.filter(pk=waiting.pk).exists()
    assert not Rehearsal.objects.filter(asked_at=NOON - KEPT - DAY).exists()
