"""What can be asked for: the kinds of facts that rooms record, by group."""

from __future__ import annotations

from collections.abc import Iterable

from crm import slots
from crm.web.wording import listed
from crm.webhooks.actions.trying import KIND as TEST

#: What programs of one's own record through the API has names of the same shape.
SHAPE = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+"


def offered() -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, its kinds with their labels), both in the order of the alphabet."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, kind in slots.fact_kinds.items():
        groups.setdefault(kind.group, []).append((name, kind.label))
    return [(group, sorted(kinds, key=lambda pair: pair[1])) for group, kinds in sorted(groups.items())]


def label(kind: str) -> str:
    """In words; a kind that no room has named is said as it is."""
    if kind == TEST:
        return "Test"
    known = slots.fact_kinds.get(kind)
    return known.label if known else kind


def in_words(kinds: Iterable[str], most: int = 3) -> str:
    """“Deal won, Deal lost and 4 more”."""
    labels = sorted(map(label, kinds))
    return listed(labels) if len(labels) <= most else f"{', '.join(labels[:most])} and {len(labels) - most} more"
