"""Which value stays when two records become one, as arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

#: What nobody has touched can be taken apart again for so long.
UNDO = timedelta(days=30)
#: A pair that somebody put off comes again after so long.
PUT_OFF = timedelta(days=14)

#: Refused beats everything; what was never asked is no answer.
REFUSED, AGREED = "no", "yes"


@dataclass(frozen=True)
class Side:
    """One of two records, as far as its values are compared."""

    values: Mapping[str, Any]
    updated_at: datetime


def is_blank(value: Any) -> bool:
    return value in (None, "", [], {})


def better(keeper: Side, loser: Side, name: str) -> str:
    """Whose value of a field stays unless somebody says otherwise: “keeper” or “loser”.

    Filled beats blank; of two filled ones that of the record changed last; of equally old ones the keeper's.
    """
    ours, theirs = keeper.values[name], loser.values[name]
    if is_blank(theirs) or ours == theirs:
        return "keeper"
    if is_blank(ours):
        return "loser"
    return "loser" if loser.updated_at > keeper.updated_at else "keeper"


def consent(whose_address: str, other: str) -> str:
    """Whether one person who was two agreed to mail.

    A refusal of either holds; otherwise what was said of the address that stays, since consent is given for one.
    """
    return REFUSED if REFUSED in (whose_address, other) else whose_address


def both(ours: list[str], theirs: list[str]) -> list[str]:
    """Of lists both values stay, each once, the keeper's first."""
    return list(dict.fromkeys([*ours, *theirs]))


def earlier[T: (date, datetime)](ours: T | None, theirs: T | None) -> T | None:
    return min(filter(None, (ours, theirs)), default=None)


def later[T: (date, datetime)](ours: T | None, theirs: T | None) -> T | None:
    return max(filter(None, (ours, theirs)), default=None)


def still(current: Any, after: Any, before: Any) -> str:
    """What an undo does with a field: “restore” what was, “done” if it is so already, “keep” what came later."""
    if current == after:
        return "restore"
    return "done" if current == before else "keep"
