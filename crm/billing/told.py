"""What a billing system tells of an object, in our words, before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

#: Sources, as customers, objects and payloads of the inbox name them.
STRIPE, HOOK = "stripe", "hook"


@dataclass(frozen=True, slots=True)
class Whose:
    """A customer, as a billing system knows them. Blank: it did not say."""

    id: str
    email: str = ""
    name: str = ""
    account_external_id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of one object. Without a customer it is the customer's of what it names."""

    source: str
    kind: str  # of BillingObject
    id: str
    key: str  # said again, it is the same
    at: datetime
    said: Mapping[str, Any]
    whose: Whose | None = None
    rank: int = 0  # among what is said of the same second
    names: tuple[str, ...] = field(default=())  # other ids of a payment; of a refund, those of its payment


class Unreadable(ValueError):
    """It is not as it is documented. The message says where, for whoever wrote the other side."""


def json_day(day: date | None) -> str | None:
    return day.isoformat() if day else None
