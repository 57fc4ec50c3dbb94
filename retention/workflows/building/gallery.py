"""The recipes as cards that one may begin from: why each works, what starts it, and how much there is of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retention.workflows import recipes, wording
from retention.workflows.definition import walk
from retention.workflows.kinds import step_kinds, trigger_kinds

#: Steps that only lead from one to the next say little of what a recipe does.
_QUIET = frozenset({"wait", "await", "branch", "split", "end"})


@dataclass(frozen=True, slots=True)
class Card:
    slug: str
    name: str
    why: str
    icon: str
    trigger: str
    does: Sequence[tuple[str, str]]  # icon and label of each kind of step that does something, in their order
    steps: int

    @property
    def words(self) -> str:
        """What the box that finds cards looks through."""
        return " ".join([self.name, self.why, self.trigger, *(label for _, label in self.does)]).lower()


def groups() -> Mapping[str, Sequence[Card]]:
    """By what starts them, in the order in which the builder offers that."""
    found: dict[str, list[Card]] = {kind.group: [] for kind in sorted(trigger_kinds, key=lambda kind: kind.order)}
    for slug in recipes.names():
        plan = recipes.load(slug).with_settings({}, to_run=False)
        kind, steps = trigger_kinds[plan.trigger.when], list(walk(plan.steps))
        acting = dict.fromkeys(step.do for step in steps if step.do not in _QUIET)
        does = [(step_kinds[do].icon, step_kinds[do].label) for do in acting]
        trigger = wording.trigger_sentence(plan)
        found[kind.group].append(Card(slug, plan.name, plan.why, kind.icon, trigger, does, len(steps)))
    return {group: cards for group, cards in found.items() if cards}
