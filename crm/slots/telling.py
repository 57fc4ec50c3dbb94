"""What people of ours are told: the kinds of it, and how rooms below the outbox say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from crm.slots.registry import Registry


@dataclass(frozen=True)
class NotificationKind:
    """One kind of thing that people are told. `hint` says when; `way` holds until somebody chooses another."""

    label: str
    hint: str
    icon: str  # a lucide name
    way: str = "digest"  # bell | digest (and the bell) | off
    order: int = 0
    falls: bool = False  # with the act that brought it: who undoes that takes back what it told


notification_kinds: Registry[NotificationKind] = Registry("notification kind")


class Teller(Protocol):
    """`crm.outbox.notifications.notify`, whose docstring says what it does."""

    def __call__(
        self, users: Iterable[Any], kind: str, text: str, url: str, now: datetime, key: str | None = None,
        account_id: int | None = None, by: Any = None,
    ) -> int: ...  # fmt: skip


#: The outbox registers how people are told; rooms below it, which cannot import it, say it through `tell`.
tellers: Registry[Teller] = Registry("teller")


def tell(
    users: Iterable[Any], kind: str, text: str, url: str, now: datetime, key: str | None = None,
    account_id: int | None = None, by: Any = None,
) -> int:  # fmt: skip
    """`crm.outbox.notifications.notify` for rooms below the outbox."""
    people = list(users)
    return sum(teller(people, kind, text, url, now, key, account_id, by) for teller in tellers)
