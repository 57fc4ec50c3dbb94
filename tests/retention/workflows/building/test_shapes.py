"""Where steps stand in an unfinished definition, and how they are moved about."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from retention.workflows.building import shapes
from retention.workflows.building.shapes import Place

TASK: dict[str, Any] = {"do": "task", "title": "x"}


def trees(depth: int = 2) -> st.SearchStrategy[list[dict[str, Any]]]:
    leaf = st.sampled_from(["task", "message", "wait", "end"]).map(lambda do: {"do": do})
    if not depth:
        return st.lists(leaf, max_size=3)
    branch = st.builds(
        lambda then, other: {"do": "branch", "then": then, "else": other}, trees(depth - 1), trees(depth - 1)
    )
    late = st.builds(lambda steps: {"do": "await", "late": steps}, trees(depth - 1))
    return st.lists(leaf | branch | late, max_size=3)


@st.composite
def drafts(draw: Any) -> dict[str, Any]:
    data = {"steps": copy.deepcopy(draw(trees()))}
    for number, (step, _) in enumerate(shapes.walk(data["steps"])):
        step["id"] = f"s{number}"
    return data


def ids(data: dict[str, Any]) -> list[str]:
    return [step["id"] for step, _ in shapes.walk(data["steps"])]


@given(drafts(), st.data())
def test_what_is_taken_out_and_put_back_stands_where_it_was(data, pick):
    if not ids(data):
        return
    before, chosen = copy.deepcopy(data), pick.draw(st.sampled_from(ids(data)))
    _, place = shapes.find(data, chosen)
    shapes.put(data, shapes.take(data, chosen), place)
    assert data == before


@given(drafts(), st.data())
def test_moving_loses_nobody_and_back_is_back(data, pick):
    if not ids(data):
        return
    chosen, by = pick.draw(st.sampled_from(ids(data))), pick.draw(st.sampled_from([-1, 1]))
    before, place = sorted(ids(data)), shapes.find(data, chosen)[1]
    moved = shapes.move(data, chosen, by)
    assert sorted(ids(data)) == before
    if moved:
        assert shapes.move(data, chosen, -by)
    assert shapes.find(data, chosen)[1] == place


def test_moving_goes_into_a_way_and_out_of_it():
    data = {"steps": [{"id": "b", "do": "branch", "then": [], "else": []}, {"id": "t", **TASK}]}
    places = []
    while shapes.move(data, "t", -1):
        places.append(str(shapes.find(data, "t")[1]))
    assert places == ["b:else:0", "b:then:0", "::0"]


def test_an_id_is_free_and_a_copy_has_its_own():
    data = {"steps": [{"id": "branch", "do": "branch", "then": [{"id": "task", **TASK}]}]}
    assert shapes.free_id(data, "task") == "task-2"
    made = shapes.copied(data, data["steps"][0])
    shapes.put(data, made, Place("", "", 1))
    assert len(set(ids(data))) == 4


def test_a_place_that_is_gone_is_refused():
    for text in ("nobody:then:0", "t:then:0"):
        data = {"steps": [{"id": "t", **TASK}]}
        try:
            shapes.put(data, {"id": "x", **TASK}, Place.read(text))
        except LookupError:
            assert len(data["steps"]) == 1
        else:
            raise AssertionError(text)
