"""The order of cards, and what stages ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm.pipelines.rules import ranks
from crm.pipelines.rules.gates import Check, Gate, Missing, goes_forwards, missing
from crm.pipelines.rules.names import free

TALK = Gate(1, 0, "open", (Check("a", "Budget"), Check("b", "Who")), ())
DEMO = Gate(1, 1, "open", (), ("amount", "custom.size"))
WON, LOST = Gate(1, 9, "won", (), ()), Gate(1, 10, "lost", (), ("source",))
ELSEWHERE = Gate(2, 5, "open", (), ())


@given(st.integers(-(2**60), 2**60), st.integers(-(2**60), 2**60))
def test_what_is_between_two_lies_between_them(one, other):
    above, below = sorted((one, other))
    rank = ranks.between(above, below)
    assert rank is None if below - above < 2 else above < rank < below


@given(st.lists(st.integers(0, 30), max_size=60))
def test_cards_put_anywhere_stand_in_the_order_in_which_they_were_put(places):
    wanted, rank_of = [], {}
    for card, place in enumerate(places):
        place = min(place, len(wanted))
        above = rank_of[wanted[place - 1]] if place else None
        below = rank_of[wanted[place]] if place < len(wanted) else None
        rank = ranks.between(above, below)
        if rank is None:
            rank_of = {other: ranks.numbered(at) for at, other in enumerate(wanted)}
            above, below = (rank_of[wanted[place - 1]] if place else None), rank_of[wanted[place]]
            rank = ranks.between(above, below)
        rank_of[card] = rank
        wanted.insert(place, card)
        assert sorted(rank_of, key=rank_of.get) == wanted


def test_a_checklist_is_asked_forwards_only():
    assert missing(TALK, DEMO, ["a"], {"amount": 0, "custom.size": False}) == Missing((Check("b", "Who"),))
    assert missing(TALK, WON, [], {}).checks == TALK.checklist
    assert not missing(DEMO, TALK, [], {})
    assert not missing(TALK, ELSEWHERE, [], {})
    assert missing(TALK, LOST, [], {}) == Missing((), ("source",))
    assert not goes_forwards(TALK, TALK)
    assert not goes_forwards(WON, DEMO)


def test_fields_are_asked_wherever_a_deal_comes_from():
    for leaves in (None, TALK, WON, ELSEWHERE):
        for empty in (None, "", "  ", []):
            assert missing(leaves, DEMO, ["a", "b"], {"amount": empty, "custom.size": 3}).fields == ("amount",)


@given(st.lists(st.sampled_from(["Sales", "sales 2", "SALES 3", "Sales 5", "x" * 60, "x" * 58 + " 2"])))
def test_a_free_name_is_free_and_short_enough(used):
    for name in ("Sales", "x" * 60):
        found = free(name, used)
        assert found.casefold() not in {one.casefold() for one in used}
        assert len(found) <= 60
    assert free("Sales", ["sales", "Sales 2"]) == "Sales 3"
