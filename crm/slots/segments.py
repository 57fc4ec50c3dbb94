"""What other rooms tell about segments: who uses them, ready-made ones, and the facts that customers are valued by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True)
class SegmentUse:
    """Something whose filter names a segment, or a field of one's own, in words for a list: “the view”, “Late payers”.

    `of` is the colleague whose own it is and who alone may read its name; None: everybody may.
    """

    what: str
    name: str
    url: str = ""
    of: Any = None


#: Segment ids → what uses each of them; at most one query.
segment_uses: Registry[Callable[[Collection[int]], Mapping[int, Sequence[SegmentUse]]]] = Registry("use of segments")

#: Subject and key of a field of one's own → what asks for it or shows it; at most one query.
field_uses: Registry[Callable[[str, str], Sequence[SegmentUse]]] = Registry("use of a field of one's own")

#: Segments of which somebody wants to know who comes and who goes: their moves are noted. At most one query.
segment_watchers: Registry[Callable[[], Collection[int]]] = Registry("watcher of segments")


@dataclass(frozen=True)
class SegmentIdea:
    """A ready-made segment, which a form is filled with."""

    name: str
    description: str
    tree: dict[str, Any]
    subject: str = "account"
    order: int = 0


segment_ideas: Registry[SegmentIdea] = Registry("ready-made segment")


@dataclass(frozen=True)
class ValueFacts:
    """One kind of fact that customers are valued by (RFM): what they bought, or that they were there.

    `sql` is a SELECT without a final semicolon that yields, for accounts of `%(ids)s` and days from `%(since)s` up to
    `%(today)s`, at most one row for each, in this order: account_id, last_on (date or NULL: the latest day on which
    they did something themselves), times (how often they bought) and spent (numeric, reporting currency).
    """

    label: str
    sql: str
    order: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)


value_facts: Registry[ValueFacts] = Registry("facts of value")
