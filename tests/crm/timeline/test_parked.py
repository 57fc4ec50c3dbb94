"""What a person decides about facts that could not be reacted to."""

import pytest

from crm.timeline import actions
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def parked(db):
    """Three facts; the first two are parked."""
    account = factories.account()
    ids = [record(Fact(account.pk, "deal.won", f"Won {number}"))[0] for number in range(3)]
    Pending.objects.filter(entry__in=ids[:2]).update(parked_at=NOON, attempts=5, error="ValueError: no")
    return ids


def test_a_fact_is_looked_at_again_and_who_wanted_it_and_why_is_kept(parked, mira):
    first, _, third = parked
    assert actions.unpark([first, third], "Mended", mira, NOON) == [first]
    row = Pending.objects.get(entry=first)
    assert (row.parked_at, row.attempts, row.retry_at) == (None, 0, NOON)
    assert Pending.objects.get(entry=third).retry_at is None
    assert actions.unpark(None, "Mended", mira, NOON) == [parked[1]]
    assert not Pending.objects.exclude(parked_at=None).exists()
    trace = TimelineEntry.objects.get(kind="fact.unparked", payload__entry=first)
    assert (trace.text, trace.actor) == ("Workflows read “Won 0” again: Mended", mira)
    assert not Pending.objects.filter(entry=trace).exists()


def test_a_fact_that_is_let_go_says_so_on_the_timeline(parked, mira):
    first, second, third = parked
    assert actions.discard([first, third], "A test of ours", mira, NOON) == [first]
    assert list(Pending.objects.order_by("id").values_list("entry", flat=True)) == [second, third]
    trace = TimelineEntry.objects.get(kind="fact.discarded")
    assert trace.text == "No workflow reacts to “Won 0”: A test of ours"
    assert (trace.actor, trace.source, trace.occurred_at) == (mira, "person", NOON)
    assert trace.payload == {"entry": first, "reason": "A test of ours", "error": "ValueError: no", "attempts": 5}
    assert not Pending.objects.filter(entry=trace).exists()
    assert TimelineEntry.objects.filter(pk=first).exists()


def test_discarding_all_takes_what_is_parked_alone(parked):
    assert actions.discard(None, "Cleared", None, NOON) == parked[:2]
    assert Pending.objects.get().entry_id == parked[2]
    assert actions.discard(None, "Cleared", None, NOON) == []
