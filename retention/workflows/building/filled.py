"""A form of the builder: the inputs of a model with what they hold, and back to data when it comes in again.

What is not finished is kept as it was typed, so that nobody loses it; what is wrong is said beside it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict

from crm.segments.builder import HOW, Builder
from crm.segments.filters import FilterError
from crm.team.models import User
from crm.web import clock
from retention.workflows.asking import choices
from retention.workflows.building.asked import Asked, asked, is_one_of
from retention.workflows.building.checking import Problem

_MOST_ROWS = 20
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


@dataclass
class Input:
    """An input with what it holds, as its template draws it."""

    asked: Asked
    value: Any = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    builder: Builder | None = None
    on: bool = True
    inner: list[Input] = field(default_factory=list)
    rows: list[tuple[str, str, list[Input]]] = field(default_factory=list)  # (its key, as people say it, its inputs)
    one_of: bool = False  # its groups are told apart by a choice
    how = HOW

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def id(self) -> str:
        return self.asked.name.replace(".", "-")

    @property
    def template(self) -> str:
        return f"retention/workflows/building/inputs/{self.asked.kind}.html"

    @property
    def said(self) -> str:
        """Which elements describe it, for those who do not see them."""
        return f"{self.id}-help {self.id}-errors" if self.asked.help else f"{self.id}-errors"

    def all(self) -> list[Input]:
        inside = [*self.inner, *(one for _, _, row in self.rows for one in row)]
        return [self, *(deep for one in inside for deep in one.all())]


class Form:
    """Of one model: `data` is its part of the draft. `post` is what somebody has just sent, if they have."""

    def __init__(
        self, inputs: Sequence[Asked], data: dict[str, Any], viewer: User, problems: Sequence[Problem] = (),
        post: QueryDict | None = None,
    ) -> None:  # fmt: skip
        self.data, self.viewer, self.problems, self.post = data, viewer, problems, post
        self.unsaid: dict[str, str] = {}  # filters that are not finished
        self._offered: dict[str, list[tuple[str, str]]] = {}
        self.inputs = [self._drawn(one, data) for one in inputs]
        self.one_of = is_one_of(list(inputs))

    def all(self) -> list[Input]:
        return [deep for one in self.inputs for deep in one.all()]

    def has(self, *kinds: str) -> bool:
        return any(one.asked.kind in kinds for one in self.all())

    @property
    def sent(self) -> bool:
        """Its words go to somebody as a letter, which can be tried on oneself; those of a task stay."""
        return any(one.name == "v.subject" for one in self.all())

    def languages(self) -> list[tuple[str, str]]:
        """Those that its words are written in besides the first: (code, name)."""
        return [(key, label) for one in self.inputs if one.asked.what == "language" for key, label, _ in one.rows]

    def _drawn(self, one: Asked, holder: Any) -> Input:
        key = one.path[-1]
        value = holder.get(key, one.default) if isinstance(holder, dict) else one.default
        made = Input(one, value, one.options, self._errors(one))
        if one.kind in ("select", "picks", "line") and one.what:
            made.options = self._choices(one.what)
        draw = getattr(self, f"_{one.kind}", None)
        if draw:
            draw(made, one, value)
        elif value is None:
            made.value = ""
        return made

    def _errors(self, one: Asked) -> list[str]:
        name = ".".join(map(str, one.path))
        deep = one.kind in ("line", "select", "number", "time", "words", "subject", "filter", "picks", "tags", "pairs")
        return [p.words for p in self.problems if p.field == name or (deep and p.field.startswith(f"{name}."))]

    def _choices(self, what: str) -> list[tuple[str, str]]:
        if what not in self._offered:
            self._offered[what] = [(str(value), label) for value, label in choices[what](self.viewer)]
        return self._offered[what]

    # How each kind is drawn ---------------------------------------------------------------------------------------

    def _select(self, made: Input, one: Asked, value: Any) -> None:
        made.value = "" if value is None else str(value)
        if made.value and made.value not in dict(made.options):
            made.options = [*made.options, (made.value, f"{made.value} (not there any more)")]

    def _picks(self, made: Input, one: Asked, value: Any) -> None:
        made.value = [str(part) for part in value] if isinstance(value, list) else []

    def _tags(self, made: Input, one: Asked, value: Any) -> None:
        made.value = ", ".join(map(str, value)) if isinstance(value, list) else (value or "")

    def _pairs(self, made: Input, one: Asked, value: Any) -> None:
        made.value = "\n".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else (value or "")

    def _time(self, made: Input, one: Asked, value: Any) -> None:
        made.value = f"{value:%H:%M}" if hasattr(value, "hour") else str(value or "")[:5]

    def _moment(self, made: Input, one: Asked, value: Any) -> None:
        """On this house's clock; what is kept with its zone is told on it too."""
        made.value = str(value or "")
        with suppress(ValueError):  # not a moment yet: as it was typed
            at = datetime.fromisoformat(made.value)
            made.value = f"{at.astimezone(clock.zone()) if at.tzinfo else at:%Y-%m-%dT%H:%M}"

    def _filter(self, made: Input, one: Asked, value: Any) -> None:
        prefix = f"{one.name}."
        if self.post is not None:
            made.builder = Builder.read(self.post, one.what, self.viewer, prefix)
            made.builder.asked(self.post.get("do", ""))
            try:
                made.builder.tree()
            except FilterError as error:
                self.unsaid[one.name] = error.message  # not said of what was added this moment: it is empty
                made.errors = [] if self.post.get("do") else [f"Not finished, so not kept yet: {error.message}."]
            return
        try:
            tree = value if isinstance(value, dict) else {}
            made.builder = Builder.of(tree, one.what, viewer=self.viewer, prefix=prefix)
            made.builder.tree()
        except (FilterError, LookupError, TypeError, ValueError):
            made.builder = Builder.of({}, one.what, viewer=self.viewer, prefix=prefix)

    def _group(self, made: Input, one: Asked, value: Any) -> None:
        made.on = isinstance(value, dict) or not one.optional
        made.inner = [self._drawn(inner, value if isinstance(value, dict) else {}) for inner in one.inner]
        made.one_of = is_one_of(one.inner)

    def _rows(self, made: Input, one: Asked, value: Any) -> None:
        assert one.model is not None
        for index, row in enumerate(value if isinstance(value, list) else []):
            inner = [self._drawn(each, row) for each in asked(one.model, (*one.path, index))]
            made.rows.append((str(index), "", inner))

    def _named(self, made: Input, one: Asked, value: Any) -> None:
        assert one.model is not None
        offered = dict(self._choices(one.what)) if one.what else {}
        for name, row in (value if isinstance(value, dict) else {}).items():
            inner = [self._drawn(each, row) for each in asked(one.model, (*one.path, name))]
            made.rows.append((str(name), offered.pop(str(name), str(name)), inner))
        made.options = list(offered.items())


def taken(inputs: Sequence[Asked], data: dict[str, Any], post: QueryDict, viewer: User) -> dict[str, Any]:
    """The data with what the form says of these inputs; what it does not ask stays."""
    made = copy.deepcopy(data)
    exclusive = post.get("v.one_of", "")
    for one in inputs:
        if is_one_of(list(inputs)):
            _take(one, made, post, viewer, on=one.name == exclusive)
        else:
            _take(one, made, post, viewer)
    return made


def _take(one: Asked, holder: dict[str, Any], post: QueryDict, viewer: User, on: bool | None = None) -> None:
    key = str(one.path[-1])
    if one.kind == "group":
        if one.optional and not (on if on is not None else post.get(f"{one.name}.on")):
            holder.pop(key, None)
            return
        inside = holder.get(key) if isinstance(holder.get(key), dict) else {}
        holder[key] = taken_inside(one.inner, inside or {}, post, viewer, post.get(f"{one.name}.one_of", ""))
        return
    if one.kind in ("rows", "named"):
        _take_rows(one, holder, post, viewer)
        return
    if one.kind == "filter":
        try:
            tree = Builder.read(post, one.what, viewer, f"{one.name}.").tree()
        except FilterError:
            return  # what was there stays until it is finished
        if tree or one.required:
            holder[key] = tree
        else:
            holder.pop(key, None)
        return
    value = _READ.get(one.kind, _line)(one, post)
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = value


def taken_inside(
    inputs: Sequence[Asked], inside: dict[str, Any], post: QueryDict, viewer: User, exclusive: str
) -> dict[str, Any]:
    made, one_of = dict(inside), is_one_of(list(inputs))
    for one in inputs:
        _take(one, made, post, viewer, on=(one.name == exclusive) if one_of else None)
    return made


def _take_rows(one: Asked, holder: dict[str, Any], post: QueryDict, viewer: User) -> None:
    """Rows are known by their place or name; a button adds or takes one away."""
    assert one.model is not None
    key, do = str(one.path[-1]), post.get("do", "")
    rows: Any = holder.get(key)
    if one.kind == "named":
        kept = {
            name: taken_inside(asked(one.model, (*one.path, name)), row, post, viewer, "")
            for name, row in (rows if isinstance(rows, dict) else {}).items()
            if do != f"drop:{one.name}.{name}"
        }
        wanted = post.get(f"{one.name}.new", "").strip()
        if do == f"more:{one.name}" and _NAME.fullmatch(wanted) and len(kept) < _MOST_ROWS:
            kept.setdefault(wanted, {})
        holder[key] = kept
        return
    kept_rows = [
        taken_inside(asked(one.model, (*one.path, i)), row, post, viewer, post.get(f"{one.name}.{i}.one_of", ""))
        for i, row in enumerate(rows if isinstance(rows, list) else [])
    ]
    if do.startswith(f"drop:{one.name}.") and (at := do.rpartition(".")[2]).isdecimal() and int(at) < len(kept_rows):
        del kept_rows[int(at)]
    if do == f"more:{one.name}" and len(kept_rows) < _MOST_ROWS:
        kept_rows.append({})
    holder[key] = kept_rows


def _line(one: Asked, post: QueryDict) -> Any:
    """Blank is what it is without being asked, or missing where it must be given."""
    text = str(post.get(one.name, "")).replace("\r\n", "\n")
    if one.kind not in ("words", "text"):
        text = text.strip()
    return text or ("" if one.required else None)


def _number(one: Asked, post: QueryDict) -> Any:
    text = str(post.get(one.name, "")).strip().replace("−", "-")
    if not text:
        return None
    if re.fullmatch(r"-?\d{1,12}", text):
        return int(text)
    return text


def _select(one: Asked, post: QueryDict) -> Any:
    text = str(post.get(one.name, "")).strip()
    if not text:
        return None
    return int(text) if one.whole and re.fullmatch(r"\d{1,18}", text) else text


def _picks(one: Asked, post: QueryDict) -> Any:
    values = [str(value) for value in post.getlist(one.name)]
    return [int(value) if one.whole and value.isdecimal() else value for value in values]


def _tags(one: Asked, post: QueryDict) -> Any:
    return [part.strip() for part in str(post.get(one.name, "")).split(",") if part.strip()]


def _pairs(one: Asked, post: QueryDict) -> Any:
    lines = [line.partition(":") for line in str(post.get(one.name, "")).splitlines() if line.strip()]
    return {name.strip(): value.strip() for name, _, value in lines}


_READ: dict[str, Callable[[Asked, QueryDict], Any]] = {
    "number": _number, "select": _select, "picks": _picks, "tags": _tags, "pairs": _pairs,
    "flag": lambda one, post: bool(post.get(one.name)),
}  # fmt: skip
