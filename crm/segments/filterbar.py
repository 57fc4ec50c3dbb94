"""A filter in an address: read, written, and shown as chips, each with what is left of the filter without it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from crm.segments.filters import Filter, FilterError, parse


@dataclass(frozen=True)
class Chip:
    """One condition in words, where the builder shows it, and the filter that is left without it (blank: none).

    `retired`: it asks a field that is archived, which goes on but is offered to nobody any more.
    """

    words: str
    place: str
    rest: str
    retired: bool


def tree_of(text: str) -> Any:
    """The tree in an address, not yet looked at. Raises FilterError for what is no JSON."""
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        raise FilterError("", "the address holds no filter that can be read") from None


def read(text: str, subject: str = "account", viewer: Any = None) -> Filter:
    """The filter in an address. Raises FilterError for anything that is none, and for segments that are not there
    for the viewer."""
    return parse(tree_of(text), subject, viewer)


def write(parts: list[dict[str, Any]]) -> str:
    """For an address: all of these conditions; blank when there are none."""
    return written({"all": parts}) if parts else ""


def written(tree: dict[str, Any]) -> str:
    """For an address: this filter; blank when it asks nothing."""
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False) if tree and tree != {"all": []} else ""


def parts_of(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands at the top, all of which must hold: a filter of another shape is one part."""
    if not tree:
        return []
    return list(tree["all"]) if set(tree) == {"all"} else [tree]


def chips(chosen: Filter, subject: str) -> list[Chip]:
    """One for each part at the top."""
    parts = parts_of(chosen.tree)
    alone = "any" in chosen.tree or "not" in chosen.tree  # the builder's one group is this part
    places = ["0"] if alone else [f"0-{index}" for index in range(len(parts))]
    asked = [parse(part, subject) for part in parts]
    return [
        Chip(one.sentence(), places[index], write(parts[:index] + parts[index + 1 :]), one.asks_retired)
        for index, one in enumerate(asked)
    ]
