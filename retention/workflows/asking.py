"""How a page asks for a value of a trigger or a step, where its type alone does not say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm.slots import Registry
from crm.team.models import User


@dataclass(frozen=True, slots=True)
class Asks:
    """A mark in an `Annotated` type: the value is one of `choices[what]`, or has an editor of its own.

    Editors: `filter` (a tree on customers), `entry_filter` (one on facts, the subject “entry”),
    `subject` (one line of Liquid) and `words` (a text of Liquid).
    """

    what: str


#: By `what`: (value, label) pairs that this viewer may choose from, in the order of the page. At most two queries.
choices: Registry[Callable[[User], Sequence[tuple[str, str]]]] = Registry("choice")
