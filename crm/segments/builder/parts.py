"""The parts of the form: conditions and the groups that hold them, from a tree and to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models.functions import Lower

from crm.segments.filters import OPERATORS, FilterError, Operator
from crm.segments.filters.parsing import reads
from crm.segments.models import Segment
from crm.slots import FilterField, FilterSubject

#: How a group's parts hold together; the last two deny the first two.
HOW = {"all": "all of these", "any": "any of these", "none": "none of these", "not_all": "not all of these"}
_DENIED = {"all": "not_all", "not_all": "all", "any": "none", "none": "any"}

#: What the form asks for, by what the operator takes. HTML input types, but for the last ones.
INPUTS = {
    "nothing": "none", "number": "number", "numbers": "numbers", "day": "date", "days": "days", "flag": "flag",
    "choice": "choice", "choices": "choices", "text": "text", "texts": "texts", "segment": "choice",
}  # fmt: skip

#: What is asked of a kind of field until somebody chooses; of the others the first that it has.
_USUAL = {"number": ">=", "date": "after", "datetime": "after"}

#: What is missing where nothing has been filled in yet.
_BLANK = {"number": "a number", "day": "a day", "days": "a number of days"}

#: Sentences read “is Trial or Paused”; in the form such a comparison must differ from the one that takes one value.
_OF_SEVERAL = {"in": "is any of", "has_any": "include any of", "has_none": "include none of"}


def words_of(operator: Operator) -> str:
    """In a form, where each comparison of a field must differ from the others."""
    return _OF_SEVERAL.get(operator.name) or operator.words.replace("{}", "…").strip()


def plain_label(about: FilterField) -> str:
    """Without the place that an argument takes in sentences."""
    return about.label.replace(" {}", "")


@dataclass
class Condition:
    """One line of the form, whatever was typed into it so far."""

    subject: FilterSubject
    name: str = ""
    op: str = ""
    argument: str = ""
    values: list[str] = field(default_factory=list)
    upto: str = ""
    place: str = ""
    error: str = ""
    focus: str = ""  # which of its fields comes next: field, argument, op or value
    viewer: Any = None  # whose segments are offered

    is_group = False

    @property
    def about(self) -> FilterField | None:
        return self.subject.fields.get(self.name)

    @property
    def operator(self) -> Operator | None:
        """The one that was chosen, else what is usually asked of such a field."""
        known = OPERATORS[self.about.kind] if self.about else {}
        usual = _USUAL.get(self.about.kind, "") if self.about else ""
        return known.get(self.op) or known.get(usual) or next(iter(known.values()), None)

    @property
    def lacks_argument(self) -> bool:
        """Whether what is wrong is what it is asked about, a day or a name, and not what it is compared with."""
        return bool(self.about and self.about.takes_argument and not reads(self.about, self.argument.strip()))

    @property
    def operators(self) -> list[tuple[str, str]]:
        """(name, words) of those that its field has."""
        return [(op.name, words_of(op)) for op in OPERATORS[self.about.kind].values()] if self.about else []

    @property
    def input(self) -> str:
        return INPUTS[self.operator.takes] if self.operator else "none"

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What a value can be, where it is one of a few."""
        if self.input == "flag":
            return [("true", "yes"), ("false", "no")]
        if self.about and self.about.segments_of:
            offered = Segment.objects.visible_to(self.viewer).in_use().filter(subject=self.about.segments_of)
            return [(str(pk), name) for pk, name in offered.order_by(Lower("name"), "pk").values_list("pk", "name")]
        return [choice for choice in self.about.choices if choice[0]] if self.about else []

    @property
    def suggestions(self) -> list[tuple[str, str]]:
        if not self.about or not self.about.suggestions or self.input not in ("text", "texts"):
            return []
        return list(self.about.suggestions())

    @property
    def value(self) -> str:
        return ", ".join(self.values)

    def tree(self) -> dict[str, Any]:
        """Raises FilterError for what is not chosen yet; whether the value makes sense, parsing says."""
        if not self.about or not self.operator:
            raise FilterError("", "choose what to filter by")
        leaf: dict[str, Any] = {"field": self._reference(self.about), "op": self.operator.name}
        if self.operator.takes != "nothing":
            leaf["value"] = self._value(self.operator.takes)
        return leaf

    def _reference(self, about: FilterField) -> str:
        if not about.takes_argument:
            return self.name
        if not self.argument.strip():
            counted = plain_label(about)
            if about.argument == "day":
                raise FilterError("", f"“{counted}” asks about one day. Say which")
            if about.argument == "stretch":
                raise FilterError("", f"“{counted}” asks about some days. Say which, as 2026-03-31..2026-06-30")
            raise FilterError("", f"“{counted}” counts one thing. Say of what, by the name your product reports")
        return f"{self.name}:{self.argument.strip()}"

    def _value(self, takes: str) -> Any:
        first = self.values[0].strip() if self.values else ""
        match takes:
            case "texts" | "choices":
                return [part.strip() for part in ",".join(self.values).split(",") if part.strip()]
            case "numbers":
                return [first, self.upto.strip()]
            case "flag":
                return {"true": True, "false": False}.get(first, first)
            case "segment":
                if not first:
                    raise FilterError("", "choose a segment; if there is none yet, make one first")
                return int(first) if first.isascii() and first.isdecimal() and len(first) <= 18 else first
            case "number" | "day" | "days" if not first:
                raise FilterError("", f"fill in {_BLANK[takes]}")
        return first


@dataclass
class Parts:
    """A group of the form."""

    how: str = "all"
    parts: list[Condition | Parts] = field(default_factory=list)
    place: str = ""

    is_group = True

    def conditions(self) -> Iterator[Condition]:
        """All below it, in their order."""
        for part in self.parts:
            if isinstance(part, Parts):
                yield from part.conditions()
            else:
                yield part

    def tree(self) -> dict[str, Any]:
        """Groups without a condition ask nothing, and go. Raises FilterError."""
        inside = [asked for part in self.parts if (asked := part.tree())]
        if not inside:
            return {}
        tree: dict[str, Any] = {"all" if self.how in ("all", "not_all") else "any": inside}
        return {"not": tree} if self.how in ("none", "not_all") else tree


def part_of(tree: dict[str, Any], about: FilterSubject) -> Condition | Parts | None:
    """The part that shows a tree which parses; None for one that asks nothing."""
    if "field" in tree:
        return _condition(tree, about)
    if "not" in tree:
        return _denied(tree["not"], about)
    how = "any" if "any" in tree else "all"
    parts = [part_of(part, about) for part in tree.get(how, ())]
    if how == "any" and None in parts:
        return None  # one of them holds for every row
    found = [part for part in parts if part]
    return Parts(how, found) if found else None


def _denied(tree: dict[str, Any], about: FilterSubject) -> Condition | Parts | None:
    made = part_of(tree, about)
    if isinstance(made, Parts):
        made.how = _DENIED[made.how]
        return made
    return Parts("none", [made] if made else [])


def _condition(leaf: dict[str, Any], about: FilterSubject) -> Condition:
    name, _, argument = leaf["field"].partition(":")
    made = Condition(about, name, leaf["op"], argument)
    takes = made.operator.takes if made.operator else "nothing"
    value = leaf.get("value")
    if takes == "numbers":
        made.values, made.upto = [str(value[0])], str(value[1])  # type: ignore[index]
    elif isinstance(value, (list, tuple)):
        made.values = [str(each) for each in value]
    elif takes != "nothing":
        made.values = [str(value).lower() if isinstance(value, bool) else str(value)]
    return made
