"""What should be known of every record: the checks of the data audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True)
class DataCheck:
    """A gap that records may have: those whom `tree`, a filter, finds among those whom `among` finds (`{}`: all).

    It is counted with the others of its subject in one scan, and its figure opens the list with that filter. `mend` is
    how to close it: `bulk` (choose them in the list), `import` (export them, fill them in, bring them back) or the name
    of an address, for those who have `permission`. `weight` is what one gap costs in the score.
    """

    label: str  # behind a number: “without an owner”
    subject: str  # a filter subject: account | contact
    group: str  # under which heading it stands
    tree: Mapping[str, Any]
    why: str
    remedy: str
    among: Mapping[str, Any] = field(default_factory=dict)
    mend: str = "bulk"
    query: str = ""  # of that address
    action: str = ""  # of the button that leads there
    permission: str = "view"
    weight: int = 1
    order: int = 0


data_checks: Registry[DataCheck] = Registry("data check")
