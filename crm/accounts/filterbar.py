"""The filter bar: a filter as chips, each with an address that takes it away, and a form that adds one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from crm.segments.filters import OPERATORS, Filter, FilterError, parse
from crm.slots import FilterField, FilterSubject, filter_subjects

#: What the form asks for, by what the operator takes. HTML input types, but for the last ones.
INPUTS = {
    "nothing": "none", "number": "number", "numbers": "numbers", "day": "date", "days": "number", "flag": "flag",
    "choice": "choice", "choices": "choices", "text": "text", "texts": "text",
}  # fmt: skip

#: Sentences read “is Trial or Paused”; in the form such a comparison must differ from the one that takes one value.
_OF_SEVERAL = {"in": "is any of", "has_any": "include any of", "has_none": "include none of"}


@dataclass(frozen=True)
class Chip:
    """One condition in words, and the tree that is left without it ("" when none is)."""

    words: str
    rest: str


def read(text: str, subject: str = "account") -> Filter:
    """The filter in an address. Raises FilterError for anything that is none."""
    try:
        tree = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        raise FilterError("", "the address holds no filter that can be read") from None
    return parse(tree, subject)


def chips(chosen: Filter) -> list[Chip]:
    """One for each part of an `all` at the top; a filter of another shape is one chip."""
    parts = _parts(chosen.tree)
    found = []
    for index, part in enumerate(parts):
        rest = parts[:index] + parts[index + 1 :]
        found.append(Chip(parse(part, "account").sentence(), write(rest)))
    return found


def write(parts: list[dict[str, Any]]) -> str:
    return json.dumps({"all": parts}, separators=(",", ":"), ensure_ascii=False) if parts else ""


def _parts(tree: dict[str, Any]) -> list[dict[str, Any]]:
    if not tree:
        return []
    return list(tree["all"]) if set(tree) == {"all"} else [tree]


def added(text: str, form: QueryDict, subject: str = "account") -> str:
    """The filter in `text` with the condition that the bar's form asks for. Raises FilterError."""
    about = filter_subjects[subject]
    name, op = form.get("field", ""), form.get("op", "")
    field = about.fields.get(name)
    if field is None:
        raise FilterError("", "choose what to filter by")
    operator = OPERATORS[field.kind].get(op)
    if operator is None:
        raise FilterError("", f"choose how to compare “{field.label}”")
    leaf: dict[str, Any] = {"field": _reference(name, field, form), "op": op}
    if operator.takes != "nothing":
        leaf["value"] = _value(operator.takes, form)
    parse(leaf, subject)
    return write([*_parts(read(text, subject).tree), leaf])


def _reference(name: str, field: FilterField, form: QueryDict) -> str:
    if not field.takes_argument:
        return name
    if not (argument := form.get("argument", "").strip()):
        raise FilterError(
            "", f"“{_plain_label(field)}” counts one thing. Say of what, by the name your product reports"
        )
    return f"{name}:{argument}"


def _plain_label(field: FilterField) -> str:
    return field.label.replace(" {}", "")


def _value(takes: str, form: QueryDict) -> Any:
    value = form.get("value", "").strip()
    match takes:
        case "texts" | "choices":
            return [part.strip() for part in ",".join(form.getlist("value")).split(",") if part.strip()]
        case "numbers":
            return [value, form.get("value_to", "").strip()]
        case "flag":
            return {"true": True, "false": False}.get(value, value)
    return value


def offered(subject: str = "account") -> list[dict[str, Any]]:
    """For the form's script: each field with its operators, and what each of those asks for."""
    about: FilterSubject = filter_subjects[subject]
    fields = [(name, about.fields[name]) for name in about.fields.names()]
    return [_offer(name, field) for name, field in sorted(fields, key=lambda pair: pair[1].label.casefold())]


def _offer(name: str, field: FilterField) -> dict[str, Any]:
    operators = [
        {
            "name": op.name,
            "words": _OF_SEVERAL.get(op.name) or op.words.replace("{}", "…").strip(),
            "input": INPUTS[op.takes],
        }
        for op in OPERATORS[field.kind].values()
    ]
    choices = [{"value": value, "label": label} for value, label in field.choices if value]
    return {
        "name": name, "label": _plain_label(field), "operators": operators, "choices": choices,
        "argument": field.takes_argument, "unit": field.unit,
    }  # fmt: skip
