"""A draft as its page draws it: the steps in words, finished or not, with places for new ones between them."""

from __future__ import annotations

import copy
from typing import Any

from pydantic import ValidationError

from crm.segments import filters
from retention.workflows import wording
from retention.workflows.building import shapes
from retention.workflows.building.checking import Problem
from retention.workflows.building.shapes import Place
from retention.workflows.kinds import step_kinds, trigger_kinds
from retention.workflows.wording import Line

#: The headings of the list of steps that come first, in this order; others follow.
_FIRST = ("Write", "Wait", "Do", "Decide")
#: What a new step of a kind holds, so that it says something at once.
_BEGIN: dict[str, dict[str, Any]] = {
    "wait": {"for": {"days": 1}}, "split": {"arms": [{"name": "A", "weight": 1}, {"name": "B", "weight": 1}]},
}  # fmt: skip


def new_step(data: dict[str, Any], do: str) -> dict[str, Any]:
    """A step of a kind, with nothing filled in. Raises LookupError."""
    if do not in step_kinds or step_kinds[do].room:
        raise LookupError("There is no such step")
    return {"id": shapes.free_id(data, do), "do": do, **copy.deepcopy(_BEGIN.get(do, {}))}


def line(step: dict[str, Any]) -> Line:
    """What it does, in words; of one that is not finished, what kind of step it is."""
    kind = step_kinds.get(str(step.get("do", "")))
    if kind is None:
        return Line("circle-help", f"Unknown step “{step.get('do', '')}”")
    try:
        return wording.line(kind.model.model_validate(shapes.shell(step)))
    except (ValidationError, ValueError, LookupError):
        return Line(kind.icon, kind.label, "")


def name_of(step: dict[str, Any]) -> str:
    """For sentences about what was done with it, which put it between quotes: it brings none of its own."""
    title = line(step).title.replace("“", "").replace("”", "")
    return title if len(title) <= 60 else f"{title[:59]}…"


def trigger(data: dict[str, Any]) -> dict[str, Any]:
    """How it starts, in words: icon, title, more, and whether it is chosen at all."""
    given = data.get("trigger") or {}
    kind = trigger_kinds.get(str(given.get("when", "")))
    if kind is None:
        return {"icon": "zap", "title": "Choose when it starts", "more": "", "chosen": False}
    try:
        made = kind.model.model_validate(given)
        title, more = kind.sentence(made), _who(made) or "Every customer. Once for each fact."
    except (ValidationError, ValueError, LookupError, TypeError):
        title, more = kind.label, ""
    return {"icon": kind.icon, "title": title, "more": more, "chosen": True}


def _who(made: Any) -> str:
    return f"Only customers where {filters.parse(made.where, 'account').sentence()}" if made.where else ""


def flow(data: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The ways of the page, from the first step on."""
    wrong: dict[str, int] = {}
    for one in problems:
        wrong[one.panel] = wrong.get(one.panel, 0) + 1
    return {"trigger": trigger(data), "way": _way(data.get("steps") or [], "", "", wrong), "wrong": wrong}


def _way(steps: list[dict[str, Any]], above: str, way: str, wrong: dict[str, int]) -> dict[str, Any]:
    return {
        "first": str(Place(above, way, 0)),
        "empty": not steps,
        "steps": [_drawn(step, Place(above, way, index), wrong) for index, step in enumerate(steps)],
        "ends": bool(steps) and steps[-1].get("do") == "end",
    }


def _drawn(step: dict[str, Any], place: Place, wrong: dict[str, int]) -> dict[str, Any]:
    step_id = str(step.get("id", ""))
    drawn = [
        {
            "word": word, "goes_on": not path,
            "way": _way(shapes.steps_at(step, path), step_id, shapes.way_name(path), wrong) if path else None,
        }
        for word, path in shapes.ways(step)
    ]  # fmt: skip
    return {
        "id": step_id, "do": step.get("do", ""), "line": line(step), "wrong": wrong.get(f"step:{step_id}", 0),
        "after": str(Place(place.above, place.way, place.index + 1)), "ways": drawn,
        "quiet": step.get("do") == "wait",
    }  # fmt: skip


def palette() -> list[tuple[str, list[tuple[str, Any]]]]:
    """The kinds of steps, by their headings, in their order."""
    groups: dict[str, list[tuple[str, Any]]] = {heading: [] for heading in _FIRST}
    for do, kind in step_kinds.items():
        if kind.room:
            continue
        groups.setdefault(kind.group, []).append((do, kind))
    return [(heading, kinds) for heading, kinds in groups.items() if kinds]


def starts() -> list[tuple[str, list[tuple[str, Any]]]]:
    """The kinds of triggers likewise; those of rooms with pages of their own are left out."""
    groups: dict[str, list[tuple[str, Any]]] = {}
    for when, kind in trigger_kinds.items():
        if not kind.room:
            groups.setdefault(kind.group, []).append((when, kind))
    return list(groups.items())
