"""What connects this installation with others: one card each on the page of integrations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True)
class Traffic:
    """What the rows say of it: how many there are of what it is made of, when something last went by, and what is
    wrong; blank: nothing."""

    many: int
    last_at: datetime | None
    trouble: str


@dataclass(frozen=True)
class Connection:
    """How it stands. `tone` is a badge's: good, warn, bad, or blank for what nobody has set up."""

    words: str
    tone: str = ""
    note: str = ""  # a sentence about it


@dataclass(frozen=True)
class WayIn:
    """An address of ours at which others knock, and how it answers one who proves nothing: with a status, and a word
    that its answer holds."""

    path: str
    status: int
    holds: str = ""
    method: str = "GET"


@dataclass(frozen=True)
class Integration:
    """One that can be set up. `look(now)` gives a SELECT without a final semicolon, and its parameters, with one row of
    many, last_at and trouble; all cards are asked in one statement. `says` makes words of it.

    `test` is a URL name, with arguments, that tries it when posted to; it is offered while `can_be_tested` says so. One
    that has none, where others come to us, names `ways_in` instead: a test asks there from outside.
    """

    label: str
    hint: str  # what it is for, in a few words
    icon: str  # a lucide name
    url_name: str  # where it is set up
    look: Callable[[datetime], tuple[str, Sequence[Any]]]
    says: Callable[[Traffic], Connection]
    test: tuple[str, ...] = ()
    can_be_tested: Callable[[], bool] = lambda: True
    ways_in: Callable[[], Sequence[WayIn]] = lambda: ()
    order: int = 0


integrations: Registry[Integration] = Registry("integration")
