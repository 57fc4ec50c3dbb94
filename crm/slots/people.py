"""What colleagues hold and can hand over, and what an installation needs before it goes live."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True)
class Holding:
    """Rows that belong to one of ours by a foreign key, and move on when somebody leaves or goes on holiday.

    An index must begin with the key's column: rows are counted and moved by it.
    """

    model: str  # app label and name: crm.Account
    label: tuple[str, str]  # one and many, in words: (“customer”, “customers”)
    column: str = "owner_id"
    only: str = "TRUE"  # SQL over the row `t`: which of them; what is done stays with whoever did it
    stamp: str = ""  # a column that takes the moment of the change
    clash: str = ""  # SQL over `t` and a row `o` of the receiver: beside such a one `t` stays where it is
    order: int = 0


holdings: Registry[Holding] = Registry("holding")


#: (ids of users, now) → those of them who are not there for days: on holiday, or ill. In at most one query.
absences: Registry[Callable[[Collection[int], datetime], Collection[int]]] = Registry("absence")

#: (id of a user, now) → those who are not there for days and gave theirs to this user meanwhile. In at most one query.
stand_ins: Registry[Callable[[int, datetime], Collection[int]]] = Registry("stand-in")


@dataclass(frozen=True)
class StepState:
    """How a step of the first run stands, and what is seen there: “12 customers, 30 people”."""

    done: bool
    seen: str = ""


@dataclass(frozen=True)
class StartStep:
    """A step before an installation goes live. `look` reads rows, never what somebody clicked, in at most one query."""

    label: str
    why: str
    url_name: str
    action: str  # of its button
    look: Callable[[Any, datetime], StepState]  # (viewer, now)
    anchor: str = ""  # where on the page
    order: int = 0


@dataclass(frozen=True)
class KeptTable:
    """A table that stays when a demo goes: what is set, not what is known. Registered by app label and name.

    `after(now)` puts its rows in order then, in the same transaction.
    """

    after: Callable[[datetime], object] | None = None
    order: int = 0


kept_tables: Registry[KeptTable] = Registry("kept table")


start_steps: Registry[StartStep] = Registry("step of the first run")
