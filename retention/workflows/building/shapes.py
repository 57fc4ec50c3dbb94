"""The shape of an unfinished definition: where steps stand, and how they are put in, taken out and moved.

A draft is plain data. A step is found by its id, whatever else of it is missing; the ways of a step are read from its
model, so that every registered kind can be built.
"""

from __future__ import annotations

import copy
import re
import typing
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from retention.workflows.definition import AnyStep
from retention.workflows.kinds import step_kinds

type Step = dict[str, Any]

#: More than these nobody reads.
MOST_STEPS = 200


@dataclass(frozen=True)
class Place:
    """Among which steps, and before which of them. `above` and `way` name the way; both blank: the main one."""

    above: str = ""
    way: str = ""
    index: int = 0

    @classmethod
    def read(cls, text: str) -> Place:
        """From `above:way:index`. Raises ValueError."""
        above, way, index = text.split(":")
        return cls(above, way, int(index))

    def __str__(self) -> str:
        return f"{self.above}:{self.way}:{self.index}"


def kind_of(step: Step) -> Any:
    return step_kinds.get(str(step.get("do", "")))


def way_paths(step: Step) -> list[tuple[str | int, ...]]:
    """Where the ways of a step stand in its data, by its model, whether they are there or not."""
    kind = kind_of(step)
    return list(_ways_in(kind.model, step)) if kind else []


def _ways_in(model: type[BaseModel], data: Any) -> Iterator[tuple[str | int, ...]]:
    for name, info in model.model_fields.items():
        key = info.alias or name
        inside = typing.get_args(info.annotation)
        if not inside or typing.get_origin(info.annotation) is not list:
            continue
        if inside[0] is AnyStep:
            yield (key,)
        elif isinstance(inside[0], type) and issubclass(inside[0], BaseModel):
            rows = data.get(key) if isinstance(data, dict) else None
            for index, row in enumerate(rows if isinstance(rows, list) else []):
                for path in _ways_in(inside[0], row):
                    yield (key, index, *path)


def steps_at(step: Step, path: tuple[str | int, ...], *, make: bool = False) -> list[Step]:
    """The steps of a way; [] that is not part of the data where there are none, unless asked to `make` it."""
    here: Any = step
    for part in path[:-1]:
        here = here[part]
    found = here.get(path[-1])
    if not isinstance(found, list):
        found = []
        if make:
            here[path[-1]] = found
    return found


def shell(step: Step) -> Step:
    """The step without what stands on its ways."""
    bare = copy.deepcopy(step)
    for path in way_paths(step):
        if steps_at(bare, path):
            here: Any = bare
            for part in path[:-1]:
                here = here[part]
            here[path[-1]] = []
    return bare


def ways(step: Step) -> list[tuple[str, tuple[str | int, ...]]]:
    """(the word that stands on it, its path) of each; a path of () has no steps and can have none."""
    paths = way_paths(step)
    if not paths:
        return []
    try:
        made = kind_of(step).model.model_validate(shell(step) | {"id": "x"})
    except (ValidationError, ValueError):
        return _unfinished_ways(step, paths)
    said = [(way.word, tuple(way.path)) for way in made.ways]
    told = {path for _, path in said}
    # A way that its model does not offer now, but that holds steps, must not be hidden.
    return said + [(str(path[-1]), path) for path in paths if path not in told and steps_at(step, path)]


#: What stands on the ways of a step that is not finished, so that its model cannot say it yet.
_WORDS = {"then": "yes", "else": "no", "late": "not in time"}


def _unfinished_ways(step: Step, paths: list[tuple[str | int, ...]]) -> list[tuple[str, tuple[str | int, ...]]]:
    """As they will be: a model that needs no more than its defaults for its ways is asked for them."""
    try:
        # Built without being judged: the subject of a mail is missing, whether it parts is not.
        offered = {tuple(way.path) for way in kind_of(step).model.model_construct(**shell(step)).ways}
    except (AttributeError, TypeError, KeyError, ValueError):
        offered = set(paths)
    return [(_word_on(step, path), path) for path in paths if path in offered or steps_at(step, path)]


def _word_on(step: Step, path: tuple[str | int, ...]) -> str:
    rows = step.get(str(path[0])) if len(path) > 1 else None
    if isinstance(rows, list) and isinstance(path[1], int):
        return str(rows[path[1]].get("name") or path[1] + 1)
    return _WORDS.get(str(path[-1]), str(path[-1]))


def way_name(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def walk(steps: list[Step], above: str = "", way: str = "") -> Iterator[tuple[Step, Place]]:
    """All steps with their places, in the order of the page."""
    for index, step in enumerate(steps):
        yield step, Place(above, way, index)
        for path in way_paths(step):
            yield from walk(steps_at(step, path), str(step.get("id", "")), way_name(path))


def find(data: dict[str, Any], step_id: str) -> tuple[Step, Place] | None:
    return next(((step, place) for step, place in walk(data.get("steps", [])) if step.get("id") == step_id), None)


def siblings(data: dict[str, Any], place: Place) -> list[Step]:
    """The steps of a way, as they stand in the data. Raises LookupError where there is no such way."""
    if not place.above:
        steps: list[Step] = data.setdefault("steps", [])
        return steps
    found = find(data, place.above)
    path = next((path for path in way_paths(found[0]) if way_name(path) == place.way), None) if found else None
    if not found or path is None:
        raise LookupError("That way is gone")
    return steps_at(found[0], path, make=True)


def put(data: dict[str, Any], step: Step, place: Place) -> None:
    row = siblings(data, place)
    row.insert(min(max(place.index, 0), len(row)), step)


def take(data: dict[str, Any], step_id: str) -> Step:
    """Take a step out, with all that stands on its ways. Raises LookupError."""
    found = find(data, step_id)
    if found is None:
        raise LookupError("That step is gone")
    step, place = found
    siblings(data, place).remove(step)
    return step


def move(data: dict[str, Any], step_id: str, by: int) -> bool:
    """Up (−1) or down (1), into and out of ways as one reads: False where it is first or last already."""
    order = _stops(data, step_id)
    here = next((i for i, (place, stands) in enumerate(order) if stands), None)
    if here is None:
        raise LookupError("That step is gone")
    there = here + by
    if not 0 <= there < len(order):
        return False
    step = take(data, step_id)
    put(data, step, order[there][0])
    return True


def _stops(data: dict[str, Any], step_id: str) -> list[tuple[Place, bool]]:
    """Every place where the step could stand, once it is taken out, in the order of the page; True: there it is."""
    found = find(data, step_id)
    if found is None:
        return []
    rest, was = copy.deepcopy(data), found[1]
    take(rest, step_id)

    def places(steps: list[Step], above: str, way: str) -> Iterator[Place]:
        yield Place(above, way, 0)
        for index, step in enumerate(steps):
            for _, path in ways(step):
                if path:
                    yield from places(steps_at(step, path), str(step.get("id", "")), way_name(path))
            yield Place(above, way, index + 1)

    return [(place, place == was) for place in places(rest.get("steps", []), "", "")]


def copied(data: dict[str, Any], step: Step) -> Step:
    """A copy with ids of its own, for the same draft."""
    made = copy.deepcopy(step)
    for inner, _ in list(walk([made])):
        inner["id"] = free_id(data, str(inner.get("do", "step")), {s.get("id") for s, _ in walk([made])})
    return made


def free_id(data: dict[str, Any], wish: str, also: Collection[Any] = ()) -> str:
    """An id that no step has, made of a wish: message, message-2."""
    taken = {step.get("id") for step, _ in walk(data.get("steps", []))} | set(also)
    plain = re.sub(r"[^a-z0-9]+", "-", wish.lower()).strip("-")[:50] or "step"
    number, name = 1, plain
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    return name
