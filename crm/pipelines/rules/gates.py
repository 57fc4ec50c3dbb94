"""What a stage asks before a deal may leave it, or enter it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One line of a stage's checklist."""

    id: str
    label: str


@dataclass(frozen=True)
class Gate:
    """What rules need to know of a stage. `place` is its order among those of its pipeline."""

    pipeline: int
    place: int
    outcome: str  # open, won or lost
    checklist: tuple[Check, ...]
    required: tuple[str, ...]  # names of fields, “custom.…” among them


@dataclass(frozen=True)
class Missing:
    """What is still to be done. Empty, and false, when the way is free."""

    checks: tuple[Check, ...] = ()  # to be ticked
    fields: tuple[str, ...] = ()  # to be filled in

    def __bool__(self) -> bool:
        return bool(self.checks or self.fields)


def checks_of(checklist: Sequence[Mapping[str, str]]) -> tuple[Check, ...]:
    """As a stage's row keeps it."""
    return tuple(Check(str(one["id"]), str(one["label"])) for one in checklist)


def goes_forwards(leaves: Gate, enters: Gate) -> bool:
    """To a later open stage of the same pipeline, or to the one that wins. Losing asks for no checklist."""
    if leaves.outcome != "open" or enters.outcome == "lost" or leaves.pipeline != enters.pipeline:
        return False
    return enters.outcome == "won" or enters.place > leaves.place


def missing(leaves: Gate | None, enters: Gate, checked: Collection[str], values: Mapping[str, object]) -> Missing:
    """Checks of the stage it leaves that are not ticked, if it goes forwards; fields of the one it enters that are
    empty. `leaves` is None for a deal that begins. `values` are the deal's by name; None, "" and [] are empty, 0 and
    False are not.
    """
    ahead = leaves is not None and goes_forwards(leaves, enters)
    checks = tuple(check for check in leaves.checklist if check.id not in checked) if leaves and ahead else ()
    return Missing(checks, tuple(name for name in enters.required if _is_empty(values.get(name))))


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, list) and not value)
