"""Where people under way stand in another version: the pure rule, by hand and by random edits and positions."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.workflows import definition
from retention.workflows.changing.placing import ADDED, ENDED, NEXT, SAME, Standing, ahead, onward, place

NOBODY: dict[str, Any] = {"field": "name", "op": "is", "value": "nobody"}


def task(name: str) -> dict[str, Any]:
    return {"id": name, "do": "task", "title": name}


def branch(name: str, yes: list[Any], no: list[Any]) -> dict[str, Any]:
    return {"id": name, "do": "branch", "if": NOBODY, "then": _rows(yes), "else": _rows(no)}


def _rows(steps: Any) -> list[dict[str, Any]]:
    return [task(step) if isinstance(step, str) else step for step in steps]


def plan(*steps: Any) -> definition.Definition:
    return definition.parse({"name": "Test", "trigger": {"when": "fact", "kind": "deal.won"}, "steps": _rows(steps)})


def put(old: Any, new: Any, at: str, *done: str, visit: bool = False, passes: Any = None) -> tuple[str, str]:
    found = place(old, new, Standing(at, frozenset(done), passes or {}), visit_added=visit)
    return found.step_id, found.how


ABC = plan("a", "b", "c")


@pytest.mark.parametrize(
    ("new", "at", "done", "expected"),
    [
        (plan("a", "b", "c"), "b", "a", ("b", SAME)),
        (plan("a", "c"), "b", "a", ("c", NEXT)),
        (plan("a", "x", "c"), "b", "a", ("c", NEXT)),
        (plan("a", "b", "x", "c"), "c", "ab", ("c", SAME)),
        (plan("a"), "b", "a", ("", ENDED)),
        (plan("a", "x"), "b", "a", ("x", NEXT)),
        (plan("c", "b", "a"), "b", "a", ("b", SAME)),
        (plan("x", "y"), "a", "", ("x", NEXT)),  # has done nothing, and begins at the beginning
        (plan("x", "y"), "b", "a", ("", ENDED)),  # nothing of what they did is left: they do not begin anew
    ],
)
def test_the_place_by_what_both_versions_have(new, at, done, expected):
    assert put(ABC, new, at, *done) == expected


def test_what_was_done_is_gone_past_wherever_it_stands_now():
    found = place(ABC, plan("c", "b", "a", "d"), Standing("c", frozenset("ab")))
    assert (found.step_id, found.how) == ("c", SAME)
    assert onward("b", found.passes) == "d"


def test_added_steps_before_their_place_are_visited_if_asked_and_they_alone():
    new = plan("x", "a", "m", "y", "c")
    old = plan(branch("way", ["m"], []), "a", "c")
    assert put(old, new, "c", "way", "a") == ("c", SAME)
    found = place(old, new, Standing("c", frozenset({"way", "a"})), visit_added=True)
    assert (found.step_id, found.how) == ("x", ADDED)
    assert list(ahead(new, "x", found.passes)) == ["x", "y", "c"]  # m is old, and was not for them


def test_asked_to_visit_who_stands_inside_a_way_still_comes_to_their_place():
    old, new = plan(branch("way", ["p", "q"], ["r"])), plan("x", branch("way", ["y", "p", "q"], ["r"]))
    found = place(old, new, Standing("p", frozenset({"way"})), visit_added=True)
    assert list(ahead(new, found.step_id, found.passes)) == ["x", "y", "p", "q"]


def test_asked_to_visit_who_would_be_through_comes_to_what_was_added():
    assert put(plan("a", "b"), plan("x", "a"), "b", "a") == ("", ENDED)
    assert put(plan("a", "b"), plan("x", "a"), "b", "a", visit=True) == ("x", ADDED)


def test_ahead_says_what_is_certain():
    stop = {"id": "stop", "do": "end"}
    steps = plan("a", branch("way", ["m"], [stop]), "z")
    assert ahead(steps, "a", {}) == {"a": True, "way": True, "m": False, "stop": False, "z": False}
    assert ahead(steps, "m", {}) == {"m": True, "z": True}


# Random edits × random positions -----------------------------------------------------------------------------------


@st.composite
def trees(draw: Any, names: list[str], depth: int = 2) -> list[Any]:
    """Steps of some of these names, in any order, some of them as ways that part."""
    found: list[Any] = []
    while names and (len(found) < 1 or draw(st.booleans())):
        name = names.pop(draw(st.integers(0, len(names) - 1)))
        if depth and draw(st.integers(0, 3)) == 0:
            yes, no = draw(trees(names, depth - 1)), draw(trees(names, depth - 1))
            found.append(branch(name, yes, no))
        else:
            found.append(task(name))
    return found


LETTERS = list("abcdefghij")


def walked(steps: Any, choices: list[bool], hops: int, at: Standing) -> Standing:
    """After so many steps from there, as the engine goes: what is run twice would violate the key."""
    step_id, done = onward(at.step_id, at.passes), set(at.done)
    for number in range(hops):
        if not step_id:
            break
        assert step_id in steps.by_id
        assert step_id not in done, f"{step_id} would run twice"
        done.add(step_id)
        step = steps.by_id[step_id]
        way = (step.then if choices[number % len(choices)] else step.else_) if step.do == "branch" else []
        step_id = onward(way[0].id if way else steps.following[step_id] or "", at.passes)
    return Standing(step_id, frozenset(done), at.passes)


@given(st.data(), st.lists(st.booleans(), min_size=1, max_size=5), st.lists(st.integers(0, 6), min_size=3, max_size=3))
def test_random_edits_lose_nobody_and_repeat_nothing(data, choices, hops):
    """Three versions, moved twice: always before a step that exists, nothing twice, and the walk comes to its end."""
    versions = [plan(*data.draw(trees(deepcopy(LETTERS)))) for _ in range(3)]
    at = walked(versions[0], choices, hops[0], Standing(versions[0].steps[0].id))
    for old, new, more in zip(versions, versions[1:], hops[1:], strict=False):
        if not at.step_id:
            return
        visit = data.draw(st.booleans())
        found = place(old, new, at, visit_added=visit)
        assert found.step_id == "" or found.step_id in new.by_id
        assert found.step_id not in at.done
        if at.step_id in new.by_id and not visit:
            assert found.step_id == at.step_id
        reached = ahead(new, found.step_id, found.passes)
        assert not reached.keys() & at.done
        at = walked(new, choices, more, Standing(found.step_id, at.done, found.passes))
        through = walked(new, choices, 50, at)
        assert through.step_id == ""
        assert (through.done - at.done) <= reached.keys() | {at.step_id}
