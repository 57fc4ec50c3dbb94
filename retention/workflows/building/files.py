"""A workflow as a file, in the form of the recipes, and such a file as a draft again.

A segment is an id here and another id elsewhere: beside each id the file says the segment's name (`segments: {7: Big
ones}`), and the reader takes the shared segment of that name where the id means another one, or none.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import ValidationError
from rest_framework.exceptions import ParseError

from crm.segments.models import Segment
from crm.web.parsing import DEEPEST, check_data
from retention.workflows import recipes
from retention.workflows.building.shapes import MOST_STEPS
from retention.workflows.definition import Definition, DefinitionError, parse
from retention.workflows.recipes import RecipeError

#: Larger files are no workflows.
MOST = 500_000
_UNKEEPABLE = (
    f"its parts stand more than {DEEPEST} levels deep inside one another, or it holds a character that no text can have"
)
_ORDER = (
    "name",
    "about",
    "segments",
    "trigger",
    "goal",
    "exits",
    "again",
    "hours",
    "holdout_percent",
    "settings",
    "steps",
)


class _Loader(yaml.SafeLoader):
    """Without aliases: what names itself over and over grows beyond all bounds, or has no end."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise RecipeError(f"line {mark.line + 1}: * (an alias) is not read here; write out what it stands for")
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, as people write them; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def written(data: dict[str, Any]) -> str:
    """The file of a definition. What is read from it again is the same, and so is the file of that."""
    made = _whole(data)
    if names := dict(Segment.objects.filter(pk__in=set(_named(made))).values_list("id", "name")):
        made["segments"] = names
    ordered = {key: made[key] for key in _ORDER if key in made} | {k: v for k, v in made.items() if k not in _ORDER}
    return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _whole(data: dict[str, Any]) -> dict[str, Any]:
    """In the order of its models, whatever the column made of it; a draft that is not finished as it is."""
    try:
        return Definition.model_validate(data).model_dump(mode="json", by_alias=True, exclude_none=True)
    except ValidationError:
        return copy.deepcopy(data)


def read(text: str) -> dict[str, Any]:
    """A definition, as plain data, from a file in the form of the recipes. Raises RecipeError with place and reason."""
    if len(text) > MOST:
        raise RecipeError(f"the file has {len(text):,} characters; {MOST:,} are read")
    try:
        data = yaml.load(text, _Loader)  # noqa: S506  (derives from the safe one)
    except RecipeError:
        raise  # it says its place itself
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"not readable as YAML: {error}") from error
    return sound(data)


def sound(data: Any) -> dict[str, Any]:
    """The same of what a file holds, or a program has sent: whole, or RecipeError with place and reason."""
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise RecipeError("the file must be a mapping with name, trigger and steps")
    check_keepable(data)
    data = dict(data)
    names = data.pop("segments", {})
    if _is_recipe(data.get("settings")):
        plan = recipes.read("file", yaml.safe_dump(data)).with_settings({})
        data = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    _rename(data, names if isinstance(names, dict) else {})
    try:
        plan = parse(data)
    except DefinitionError as error:
        raise RecipeError(str(error)) from error
    except RecursionError as error:
        raise RecipeError("its steps stand too deep inside one another") from error
    if len(plan.by_id) > MOST_STEPS:
        raise RecipeError(f"it has {len(plan.by_id):,} steps; a workflow has at most {MOST_STEPS}")
    return plan.model_dump(mode="json", by_alias=True, exclude_none=True)


def check_keepable(data: dict[str, Any]) -> None:
    """Raises RecipeError for what no page could show any more, and no column holds."""
    try:
        check_data(data)
    except ParseError as error:
        raise RecipeError(_UNKEEPABLE) from error


def _is_recipe(settings: Any) -> bool:
    """Whether settings are asked, with a label and a default, rather than given."""
    return isinstance(settings, dict) and bool(settings) and all(
        isinstance(one, dict) and "label" in one and "default" in one for one in settings.values()
    )  # fmt: skip


def _places(node: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Where a definition names a segment: in filters, and as what a trigger waits for."""
    if isinstance(node, dict):
        if node.get("field") == "segment" and isinstance(node.get("value"), int):
            yield node, "value"
        if node.get("when") == "segment" and isinstance(node.get("segment"), int):
            yield node, "segment"
        for inner in node.values():
            yield from _places(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _places(inner)


def _named(data: dict[str, Any]) -> Iterator[int]:
    for holder, key in _places(data):
        yield holder[key]


def _rename(data: dict[str, Any], names: dict[Any, Any]) -> None:
    """The ids of this house for those of the file, by the names that it gives. Raises RecipeError."""
    told = {int(pk): str(name) for pk, name in names.items() if str(pk).isdecimal()}
    wanted = set(_named(data))
    here = dict(Segment.objects.filter(pk__in=wanted, archived_at=None, shared=True).values_list("id", "name"))
    found: dict[int, int] = {}
    for pk in sorted(wanted):
        name = told.get(pk)
        if pk in here and (name is None or here[pk] == name):
            found[pk] = pk
            continue
        if name is None:
            raise RecipeError(f"segment {pk} is not here, and the file gives no name for it (segments: {{{pk}: Name}})")
        same = Segment.objects.filter(name=name, shared=True, archived_at=None, subject="account").values_list("id")
        if len(ids := [one for (one,) in same[:2]]) != 1:
            many = "no shared segment" if not ids else "more than one shared segment"
            raise RecipeError(f"there is {many} called “{name}” here; make one, or change the file")
        found[pk] = ids[0]
    for holder, key in list(_places(data)):
        holder[key] = found[holder[key]]
