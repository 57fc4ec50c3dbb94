"""What a page asks for a model: its fields as inputs, by their types and their marks. No kind of step is named here."""

from __future__ import annotations

import datetime
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from retention.workflows.asking import Asks, choices
from retention.workflows.definition import AnyStep
from retention.workflows.wording import WEEKDAYS

#: Not asked: they are what a step is, not what it does.
HIDDEN = {"id", "do", "when"}
#: Longer than this it is asked with room to write.
_LINE = 300
#: Choices that are offered beside a line in which anything else may be typed.
SUGGESTED = frozenset({"fact_detail"})
_FILTERS = {"filter": "account", "entry_filter": "entry"}


@dataclass
class Asked:
    """One input. `path` is its place in the model's data; `kind` says how the page draws it and the form is read."""

    path: tuple[str | int, ...]
    title: str
    help: str
    kind: str
    what: str = ""  # of choices: the registry's name; of filters: the subject
    options: list[tuple[str, str]] = field(default_factory=list)
    least: Any = None
    most: Any = None
    longest: int | None = None
    required: bool = False
    optional: bool = False  # a group that may be left out
    default: Any = None
    whole: bool = False  # its values are whole numbers, in the data
    last: bool = False  # asked below the others: few change it
    if_set: bool = False  # asked only where it holds something
    model: type[BaseModel] | None = None
    inner: list[Asked] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "v." + ".".join(map(str, self.path))


def asked(
    model: type[BaseModel], at: tuple[str | int, ...] = (), leave_out: frozenset[str] = frozenset()
) -> list[Asked]:
    """The inputs of a model, in its order but for those that are marked as last; ways, which are drawn, left out."""
    made = []
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key not in HIDDEN | leave_out and (one := _of(key, info, at)):
            made.append(one)
    return sorted(made, key=lambda one: one.last)


def is_one_of(inputs: list[Asked]) -> bool:
    """Several groups that may each be left out, and nothing else: one of them is meant."""
    return len(inputs) > 1 and all(one.kind == "group" and one.optional for one in inputs)


def _of(key: str, info: FieldInfo, at: tuple[str | int, ...]) -> Asked | None:
    bare, marks, optional = _peel(info.annotation)
    marks = [*info.metadata, *marks]
    usual = None if info.is_required() else info.get_default(call_default_factory=True)
    title = info.title or key.replace("_", " ").capitalize()
    one = Asked(
        (*at, key), title, info.description or "", "line", required=info.is_required(), optional=optional, default=usual
    )
    for mark in marks:
        one.least = getattr(mark, "ge", one.least)
        one.most = getattr(mark, "le", one.most)
        one.longest = getattr(mark, "max_length", one.longest)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    labels: Any = extra.get("labels", {})
    one.last, one.if_set = bool(extra.get("last")), bool(extra.get("if_set"))
    what = next((mark.what for mark in marks if isinstance(mark, Asks)), "")
    return one if _decide(one, bare, what, labels) else None


def _decide(one: Asked, bare: Any, what: str, labels: dict[str, str]) -> bool:
    """Set how it is asked; False: not at all."""
    origin, inside = typing.get_origin(bare), typing.get_args(bare)
    if what in _FILTERS:
        one.kind, one.what = "filter", _FILTERS[what]
    elif what in ("words", "subject"):
        one.kind = what
    elif what in SUGGESTED:
        one.what = what
    elif what in choices:
        one.kind, one.what = ("picks" if origin is list else "select"), what
        one.whole = (inside[0] if origin is list else bare) is int
    elif origin is Literal:
        one.kind, one.options = "select", _labelled(inside, labels)
    elif bare is bool:
        one.kind = "flag"
    elif bare in (int, float, Decimal):
        one.kind, one.whole = "number", bare is int
    elif bare is datetime.time:
        one.kind = "time"
    elif bare is datetime.datetime:
        one.kind = "moment"
    elif bare is datetime.date:
        one.kind = "date"
    elif isinstance(bare, type) and issubclass(bare, BaseModel):
        one.kind, one.model, one.inner = "group", bare, asked(bare, one.path)
    elif origin is list:
        return _listed(one, inside[0], labels)
    elif origin is dict:
        value = _peel(inside[1])[0] if len(inside) > 1 else str
        one.kind = "pairs"
        one.what = next((mark.what for mark in _peel(inside[0])[1] if isinstance(mark, Asks)), "") if inside else ""
        if isinstance(value, type) and issubclass(value, BaseModel):
            one.kind, one.model = "named", value
    elif one.longest and one.longest > _LINE:
        one.kind = "text"
    return True


def _listed(one: Asked, each: Any, labels: dict[str, str]) -> bool:
    if each is AnyStep:
        return False
    bare, marks, _ = _peel(each)
    what = next((mark.what for mark in marks if isinstance(mark, Asks)), "")
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        one.kind, one.model = "rows", bare
    elif typing.get_origin(bare) is Literal:
        one.kind, one.options = "picks", _labelled(typing.get_args(bare), labels)
    elif what in choices:
        one.kind, one.what, one.whole = "picks", what, bare is int
    else:
        one.kind = "tags"
    return True


def _peel(annotation: Any) -> tuple[Any, list[Any], bool]:
    """(the type itself, the marks around it, whether None will do)."""
    marks: list[Any] = []
    optional = False
    while True:
        if isinstance(annotation, typing.TypeAliasType) and annotation is not AnyStep:
            annotation = annotation.__value__
        elif typing.get_origin(annotation) is typing.Annotated:
            annotation, *more = typing.get_args(annotation)
            marks += more
            marks += [part for one in more if isinstance(one, FieldInfo) for part in one.metadata]
        elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
            parts = [part for part in typing.get_args(annotation) if part is not type(None)]
            optional = optional or len(parts) < len(typing.get_args(annotation))
            if len(parts) != 1:
                return str, marks, optional
            annotation = parts[0]
        else:
            return annotation, marks, optional


def _labelled(values: tuple[Any, ...], labels: dict[str, str]) -> list[tuple[str, str]]:
    said = WEEKDAYS | labels
    return [(str(value), said.get(str(value)) or str(value).replace("_", " ").capitalize()) for value in values]


def all_of(inputs: list[Asked]) -> Iterator[Asked]:
    for one in inputs:
        yield one
        yield from all_of(one.inner)
