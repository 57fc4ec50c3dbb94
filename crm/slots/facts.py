"""Facts of the timeline: what kinds there are, in words, and what else is written in the statement that records one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True)
class FactKind:
    """A kind of fact that a room records. `example` is a payload as it might be."""

    label: str  # “Deal won”
    group: str  # “Deals”
    example: Mapping[str, Any] = field(default_factory=dict)


#: By kind, noun.verb. Programs may record others through the API.
fact_kinds: Registry[FactKind] = Registry("kind of fact")


def register_facts(group: str, kinds: Mapping[str, str], **payload: Any) -> None:
    """Kinds with their labels, all with such a payload."""
    for kind, label in kinds.items():
        fact_kinds.register(kind, FactKind(label, group, payload))


#: SQL that writes what follows from facts, beside them in one statement: INSERT … SELECT … FROM news, the entries just
#: written (id, account_id, kind), to which others may react; history is not among them. It may use %(now)s, and must
#: find nothing to do at once where nobody has asked for anything: it runs with every fact.
fact_followers: Registry[str] = Registry("follower of facts")
