"""The form as a whole: from a filter, from what was sent, changed by a button, and back to a filter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from crm.segments.builder.parts import HOW, Condition, Parts, part_of, plain_label
from crm.segments.filters import FilterError, parse
from crm.slots import FilterSubject, filter_subjects

_NAME = re.compile(r"f(0(?:-\d{1,3}){0,9})\.(how|field|argument|op|value|upto)")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{0,80}")
#: Fields of a form; more than those of the largest filter are not looked at.
_MOST = 600


@dataclass
class Builder:
    """`name` is the subject's; `focus` the place of what somebody wants to look at; `viewer` who reads the segments."""

    name: str
    root: Parts
    focus: str = ""
    viewer: Any = field(default_factory=AnonymousUser)
    prefix: str = ""  # before the names of its fields, where a form holds several

    def __post_init__(self) -> None:
        self._settle(self.root, "0")

    @property
    def subject(self) -> FilterSubject:
        return filter_subjects[self.name]

    @classmethod
    def of(cls, tree: dict[str, Any], subject: str, focus: str = "", viewer: Any = None, prefix: str = "") -> Builder:
        """Of a filter that parses."""
        made = part_of(tree, filter_subjects[subject])
        whole = made if isinstance(made, Parts) else Parts(parts=[made] if made else [])
        builder = cls(subject, whole, focus, viewer or AnonymousUser(), prefix)
        if isinstance(chosen := builder._at(focus)[1], Condition):
            chosen.focus = "value" if chosen.input != "none" else "op"
        return builder

    @classmethod
    def read(cls, form: QueryDict, subject: str, viewer: Any = None, prefix: str = "") -> Builder:
        """As it was sent, finished or not."""
        begins = prefix if _PREFIX.fullmatch(prefix) else ""
        about, made = filter_subjects[subject], dict[tuple[int, ...], Condition | Parts]()
        names = [name for name in form if name.startswith(begins) and _NAME.fullmatch(name[len(begins) :])]
        for name in names[:_MOST]:
            place, what = name[len(begins) + 1 :].split(".")
            path = tuple(map(int, place.split("-")))
            if what == "how":
                made[path] = Parts(how if (how := str(form[name])) in HOW else "all")
            elif isinstance(part := made.setdefault(path, Condition(about)), Condition):
                _take(part, what, form.getlist(name))
        return cls(subject, _nested(made), viewer=viewer or AnonymousUser(), prefix=begins)

    @property
    def mark(self) -> str:
        """Begins what its buttons ask, so that each builder of a form hears its own."""
        return f"{self.prefix}|" if self.prefix else ""

    def asked(self, do: str) -> None:
        """Do what a button or a changed field asks: add, group, remove, field or op, with a place; or clear."""
        whose, told, asked = do.rpartition("|")
        if told and whose != self.prefix:
            return
        verb, _, place = asked.partition(":")
        above, part = self._at(place)
        if verb == "clear":
            self.root = Parts()
        elif verb in ("add", "group") and isinstance(part, Parts):
            new = Condition(self.subject, focus="field")
            part.parts.append(new if verb == "add" else Parts("any", [new]))
        elif verb == "remove" and above and part:
            above.parts = [other for other in above.parts if other is not part]
        elif verb in ("field", "op") and isinstance(part, Condition):
            part.focus = "op" if verb == "field" else "value"
            if part.lacks_argument:
                part.focus = "argument"
            if verb == "field":
                part.op, part.values, part.upto = "", [], ""
        self._settle(self.root, "0")

    def tree(self) -> dict[str, Any]:
        """The filter. Raises FilterError; the `error` of the condition that it is about says the same."""
        for condition in self.root.conditions():
            try:
                parse(condition.tree(), self.name, self.viewer)
            except FilterError as error:
                said = f"{error.place} {error.message}".strip()
                condition.error = f"{said[:1].upper()}{said[1:]}."
        if wrong := next((condition for condition in self.root.conditions() if condition.error), None):
            raise FilterError(wrong.place, wrong.error)
        tree = self.root.tree()
        parse(tree, self.name, self.viewer)
        return tree

    def offered(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """(heading, its fields as name and label) of all that can be asked, the subject's own first."""
        groups: dict[str, list[tuple[str, str]]] = {self.subject.label: []}
        for name, about in self.subject.fields.items():
            groups.setdefault(about.group or self.subject.label, []).append((name, plain_label(about)))
        return [(heading, sorted(fields, key=lambda pair: pair[1].casefold())) for heading, fields in groups.items()]

    def _settle(self, part: Condition | Parts, place: str) -> None:
        """Tell each part its place, and each condition who looks at it."""
        part.place = place
        if isinstance(part, Condition):
            part.viewer = self.viewer
            return
        for index, inner in enumerate(part.parts):
            self._settle(inner, f"{place}-{index}")

    def _at(self, place: str) -> tuple[Parts | None, Condition | Parts | None]:
        """(the group above, the part) of a place; None where there is none."""
        above: Parts | None = None
        part: Condition | Parts = self.root
        for step in place.split("-")[1:]:
            if not isinstance(part, Parts) or not step.isdecimal() or int(step) >= len(part.parts):
                return None, None
            above, part = part, part.parts[int(step)]
        return above, part


def _take(condition: Condition, what: str, values: list[str]) -> None:
    match what:
        case "value":
            condition.values = values
        case "field":
            condition.name = values[0]
        case _:
            setattr(condition, what, values[0])


def _nested(made: dict[tuple[int, ...], Condition | Parts]) -> Parts:
    """Parts in the order of their places, each in the group above it; what has no group goes."""
    root = made.get((0,))
    whole = root if isinstance(root, Parts) else Parts()
    for place in sorted(made):
        above = whole if len(place) == 2 else made.get(place[:-1])
        if len(place) > 1 and isinstance(above, Parts):
            above.parts.append(made[place])
    return whole
