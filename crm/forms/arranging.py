"""The fields of a form while an admin arranges them: read from the page, moved, added and taken out.

The page has one hidden input `field` for each, in order, and what belongs to it under its name: label:contact.email,
help:…, required:…, options:…. So a field moves with its line, by dragging or by a button.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from crm.forms import targets
from crm.forms.models import Asked, PublicForm
from crm.slots import FormOutcome

MOST_FIELDS, MOST_OPTIONS = 30, 60
_LONGEST_LABEL, _LONGEST_HELP, _LONGEST_OPTION = 120, 200, 80
#: Which neighbour a field changes places with.
WAYS = {"up": -1, "down": 1}


@dataclass
class Arrangement:
    """`errors`: what is wrong, by target; under a blank name what is wrong with all of them."""

    asked: list[Asked]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, form: PublicForm) -> Arrangement:
        return cls(form.asked)

    @classmethod
    def posted(cls, posted: QueryDict) -> Arrangement:
        names = list(dict.fromkeys(posted.getlist("field")))[: MOST_FIELDS + 1]
        return cls([_read(name, posted) for name in names if targets.target(name)])

    def is_fit(self, outcome: FormOutcome | None) -> bool:
        """Whether a form of this outcome can ask so; else `errors` say why not."""
        self.errors = {}
        offered = targets.offered(outcome) if outcome else {}
        for one in self.asked:
            if one.target not in offered:
                self.errors[one.target] = "This outcome makes nothing of it. Take it out, or choose another outcome."
            elif not one.label:
                self.errors[one.target] = "Say what the field is called."
            elif len(one.options) == 1:
                self.errors[one.target] = "One option alone is no choice. Name several, or none."
        there = {one.target: one for one in self.asked}
        for name in outcome.needs if outcome else ():
            if name not in there:
                self.errors[""] = f"This outcome needs the field “{offered[name].label}”."
            elif not there[name].required:
                self.errors[name] = "This outcome needs it: it must be filled in."
        if len(self.asked) > MOST_FIELDS:
            self.errors[""] = f"{MOST_FIELDS} fields are the most."
        if len({one.label.casefold() for one in self.asked}) < len(self.asked):
            self.errors.setdefault("", "Two fields are called the same. Give each its own name.")
        return not self.errors

    def obey(self, command: str) -> str:
        """`up:contact.email`, `down:…`, `drop:…` or `add:…`; gives back the name of the field it was about."""
        way, _, name = command.partition(":")
        at = next((place for place, one in enumerate(self.asked) if one.target == name), None)
        if way == "add" and at is None and targets.target(name):
            self.asked.append(targets.asked(name))
        elif way == "drop" and at is not None:
            del self.asked[at]
        elif way in WAYS and at is not None and 0 <= (to := at + WAYS[way]) < len(self.asked):
            self.asked[at], self.asked[to] = self.asked[to], self.asked[at]
        return name

    def require(self, names: Sequence[str]) -> None:
        """See to it that it asks for what an outcome needs, and insists on it."""
        for name in names:
            if name not in {one.target for one in self.asked}:
                self.asked.append(targets.asked(name))
        self.asked = [replace(one, required=True) if one.target in names else one for one in self.asked]

    @property
    def kept(self) -> list[dict[str, Any]]:
        return [one.kept() for one in self.asked]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """For the page: each with its target and what is wrong with it."""
        found = []
        for one in self.asked:
            of = targets.target(one.target)
            choosable = of is not None and of.kind == "text" and targets.definition(one.target) is None
            found.append({
                "asked": one, "target": of, "error": self.errors.get(one.target, ""), "choosable": choosable,
                "options": "\n".join(one.options), "own": targets.definition(one.target) is not None,
            })  # fmt: skip
        return found

    @property
    def wrong(self) -> str:
        return self.errors.get("", "")


def _read(name: str, posted: QueryDict) -> Asked:
    lines = posted.get(f"options:{name}", "").splitlines()
    options = dict.fromkeys(filter(None, (_line(line, _LONGEST_OPTION) for line in lines)))
    return Asked(
        name, _line(posted.get(f"label:{name}", ""), _LONGEST_LABEL),
        _line(posted.get(f"help:{name}", ""), _LONGEST_HELP), f"required:{name}" in posted,
        tuple(options)[:MOST_OPTIONS],
    )  # fmt: skip


def _line(text: str, most: int) -> str:
    return " ".join(text.replace("\0", "").split())[:most]
