"""What whoever imports a file has decided about it: layout, columns, and what may replace what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

#: What a filled cell does to a row that is there. New rows take it in any case.
POLICIES = {
    "overwrite": "Replace what is there",
    "fill": "Fill only what is empty",
    "keep": "Only for new rows",
}
#: The same of a column whose values join those that are there and never replace them.
ADDING = {
    "overwrite": "Add to those that are there",
    "fill": "Only where there are none",
    "keep": "Only for new rows",
}
DEFAULT_POLICY = "overwrite"

#: Rows that look like somebody who is there already, under no id of another system.
TWINS = {
    "create": "Add them all the same",
    "match": "Take them for the same, and update",
    "leave": "Leave them out, and list them with the rejects",
}

#: How 3/4/2026 is read.
SLASHES = {"": "Refuse them", "month": "Month first (3/4 is 4 March)", "day": "Day first (3/4 is 3 April)"}


@dataclass(frozen=True)
class Plan:
    """`mapping` is the file's title → our column, laid over what is recognised. `columns`, when given, is all there is:
    position in the row → our column, and nothing is recognised beside it."""

    preset: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[int, str] | None = None
    policies: Mapping[str, str] = field(default_factory=dict)  # our column → a name in POLICIES
    twins: str = "create"
    slashes: Literal["", "month", "day"] = ""
    made_of: bool = False  # what is required and not in `columns` is taken from the column it may be made of
    makes: tuple[str, ...] | None = None  # what else it may make, by the kind's names; None: all for people's cards

    def policy(self, column: str) -> str:
        return self.policies.get(column, DEFAULT_POLICY)

    def as_json(self) -> dict[str, Any]:
        return {
            "preset": self.preset, "mapping": dict(self.mapping), "policies": dict(self.policies),
            "twins": self.twins, "slashes": self.slashes, "made_of": self.made_of,
            "makes": None if self.makes is None else list(self.makes),
            "columns": None if self.columns is None else {str(place): name for place, name in self.columns.items()},
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        names = ("preset", "mapping", "policies", "twins", "slashes", "made_of")
        known = {name: stored[name] for name in names if name in stored}
        columns, makes = stored.get("columns"), stored.get("makes")
        return cls(
            **known, columns=None if columns is None else {int(at): name for at, name in columns.items()},
            makes=None if makes is None else tuple(makes),
        )  # fmt: skip
