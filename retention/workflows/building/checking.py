"""What is missing or wrong in a draft, by the same models that publishing uses: each with its place on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from retention.workflows.building import shapes
from retention.workflows.building.asked import asked
from retention.workflows.definition import Definition, Step, placed
from retention.workflows.kinds import step_kinds, trigger_kinds

#: What pydantic says, as people say it, by its type.
_SAID = {
    "missing": "Fill this in.",
    "string_too_short": "Fill this in.",
    "int_parsing": "Give a whole number.",
    "int_type": "Give a whole number.",
    "int_from_float": "Give a whole number.",
    "float_parsing": "Give a number.",
    "datetime_parsing": "Give a day and a time of day.",
    "datetime_from_date_parsing": "Give a day and a time of day.",
    "datetime_type": "Give a day and a time of day.",
    "time_parsing": "Give a time of day, such as 09:00.",
    "time_type": "Give a time of day, such as 09:00.",
    "string_pattern_mismatch": "This is not written as it must be.",
}
#: The same with the bound that was passed.
_BOUNDS = {
    "too_short": ("min_length", "Give at least {}."),
    "too_long": ("max_length", "Give {} at most."),
    "string_too_long": ("max_length", "This has {:,} characters at most."),
    "greater_than_equal": ("ge", "Give {} or more."),
    "less_than_equal": ("le", "Give {} or less."),
}
#: The parts of a definition that have panels of their own.
OWN_PANELS = {"name", "about", "trigger", "steps", "goal", "exits", "settings"}


@dataclass(frozen=True)
class Problem:
    panel: str  # step:<id>, trigger, whole, goal, exits
    where: str  # what it is called in the list: “Send a mail”
    field: str  # the dotted name of the field in its form; blank: the whole
    words: str
    part: str = ""  # what the field is called: “Subject”

    @property
    def called(self) -> str:
        """Where it is, for whoever reads a list of them: “Send a mail, Subject”."""
        return f"{self.where}, {self.part}" if self.part and self.part != self.where else self.where


def problems(data: dict[str, Any]) -> list[Problem]:
    """All there is to mend before it can be published, in the order of the page."""
    found = list(_whole(data))
    found += list(of_trigger(data.get("trigger") or {}))
    steps = data.get("steps") or []
    if not steps:
        found.append(Problem("steps", "Steps", "", "Add a first step."))
    for step, _ in shapes.walk(steps):
        found += list(of_step(step))
    found += list(_leaving(data))
    return found or list(_together(data))


def _together(data: dict[str, Any]) -> Iterator[Problem]:
    """What only shows in the whole, and in steps together with those on their ways, each at its own step."""
    try:
        plan = Definition.model_validate(data)
    except ValidationError as error:
        for one in error.errors():
            yield Problem("whole", "The whole", "", said(one))
        return
    for _, step in placed(plan.steps):
        yield from _faults(step)


def _faults(step: Step) -> Iterator[Problem]:
    """Names in a step that nothing stands behind."""
    for where, why in step.faults():
        field, _, line = where.partition(", ")
        words = f"{line}: {why}" if line else why
        kind = step_kinds[step.do]
        part = _title(kind.model, re.split(r"[.\[]", field))
        yield Problem(f"step:{step.id}", kind.label, field, f"{words[:1].upper()}{words[1:]}.", part)


def of_trigger(trigger: dict[str, Any]) -> Iterator[Problem]:
    kind = trigger_kinds.get(str(trigger.get("when", "")))
    if kind is None:
        yield Problem("trigger", "When it starts", "", "Choose what makes customers enter.")
        return
    if kind.room:
        yield Problem("trigger", "When it starts", "", kind.about)
    yield from _told(kind.model, trigger, "trigger", "When it starts")


def of_step(step: dict[str, Any]) -> Iterator[Problem]:
    """A step alone, without what stands on its ways: so it is said while somebody types, whatever else is missing."""
    panel = f"step:{step.get('id', '')}"
    kind = step_kinds.get(str(step.get("do", "")))
    if kind is None:
        yield Problem(panel, str(step.get("do", "A step")), "", "This installation knows no such step. Take it out.")
        return
    if kind.room:
        yield Problem(panel, kind.label, "", f"{kind.about} Take it out.")
    bare = shapes.shell(step)
    wrong = list(_told(kind.model, bare, panel, kind.label))
    yield from wrong or _faults(kind.model.model_validate(bare))


def _whole(data: dict[str, Any]) -> Iterator[Problem]:
    if not str(data.get("name") or "").strip():
        yield Problem("whole", "Name", "name", "Give it a name.")
    elif len(str(data["name"])) > 120:
        yield Problem("whole", "Name", "name", "A name has at most 120 characters.")
    for name, info in Definition.model_fields.items():
        key = info.alias or name
        if key in OWN_PANELS or key not in data:
            continue
        probe = {key: data[key], "name": "x", "trigger": None, "steps": []}
        yield from (p for p in _errors(Definition, probe, "whole", "Rules for the whole") if _root(p.field) == key)


def _leaving(data: dict[str, Any]) -> Iterator[Problem]:
    rows = [("goal", "The goal", data["goal"])] if data.get("goal") else []
    rows += [(f"exits.{i}", "Leaving early", row) for i, row in enumerate(data.get("exits") or [])]
    model = Definition.model_fields["exits"].annotation.__args__[0]  # type: ignore[union-attr]
    for place, where, row in rows:
        for problem in _errors(model, row, "leaving", where):
            yield Problem("leaving", where, f"{place}.{problem.field}".rstrip("."), problem.words)


def _told(model: type[BaseModel], data: dict[str, Any], panel: str, where: str) -> Iterator[Problem]:
    yield from _errors(model, data, panel, where)


def _errors(model: type[BaseModel], data: Any, panel: str, where: str) -> Iterator[Problem]:
    try:
        model.model_validate(data)
    except ValidationError as error:
        for one in error.errors():
            yield Problem(panel, where, ".".join(map(str, one["loc"])), said(one), _title(model, one["loc"]))


def _title(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    """What the page calls the field at a place of a model, or the group or the rows that it stands in."""
    inputs, found, path = asked(model), "", tuple(map(str, loc))
    while one := next((each for each in inputs if each.path == path[: len(each.path)]), None):
        inputs, found = one.inner, one.title
    return found


def said(error: Any) -> str:
    """One error of pydantic, in words."""
    if error["type"] in _SAID:
        return _SAID[error["type"]]
    if error["type"] in _BOUNDS:
        bound, words = _BOUNDS[error["type"]]
        return words.format(error["ctx"][bound])
    words = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "This must be")
    return plain(words)


def plain(words: str) -> str:
    """A sentence, with a place in a letter called as its form calls it: “Text, line 2: …”."""
    words = re.sub(r"^body(?=, line|:)", "text", words)
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _root(field: str) -> str:
    return field.partition(".")[0]
