"""Where somebody under way in one version stands in another one. Pure: it reads two definitions and what was done.

The rule, in words that the pages repeat: whoever stands before a step that is still there stays before it. If it was
taken out, they stand before the next step of their way that is still there; if none of it is left, before what comes
after the last thing they did. What they have done they never do again, wherever it stands now. Steps that were added
before their place are for those who come later, unless the admin wants them visited: then those alone are visited.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from retention.workflows.definition import Definition

#: How somebody came to their place.
SAME, NEXT, ADDED, ENDED = "same", "next", "added", "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """Before a step; what is behind them, and what they go past (`passes`: step → where to go instead)."""

    step_id: str
    done: frozenset[str] = frozenset()
    passes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Before which step (blank: none is left, and the way ends), what is gone past from there on, and how it came."""

    step_id: str
    passes: dict[str, str]
    how: str


def place(old: Definition, new: Definition, at: Standing, *, visit_added: bool = False) -> Place:
    """Where whoever stands so in the old version stands in the new one."""
    begin = _begin(old, new, at)
    passes = _passed(new, at)
    first = begin
    if visit_added:
        before = _way_to(new, begin) if begin else [step.id for step in new.steps]
        added = [step for step in before if step not in old.by_id and step not in at.done]
        if added:
            first = added[0]
            passes |= _only(added, before, begin, at.done)
    step_id = onward(first, passes)
    how = ENDED if not step_id else ADDED if first != begin else SAME if step_id == at.step_id else NEXT
    return Place(step_id, passes, how)


def onward(step_id: str, passes: Mapping[str, str]) -> str:
    """The step to run where somebody has come to this one: behind all that they go past. Blank: the way ends."""
    for _ in range(len(passes)):
        if step_id not in passes:
            break
        step_id = passes[step_id]
    return "" if step_id in passes else step_id


def _begin(old: Definition, new: Definition, at: Standing) -> str:
    """The place by the steps that both have; what was done already is gone past from there. Blank: none."""
    for step_id in _from(old, at.step_id, at.passes):
        if step_id in new.by_id and step_id not in at.done:
            return step_id
    before = [step for step in _way_to(old, at.step_id) if step in new.by_id]
    if before:
        return new.following[before[-1]] or ""
    is_first = not any(step in at.done for step in old.by_id)
    return new.steps[0].id if is_first else ""


def _from(plan: Definition, step_id: str, passes: Mapping[str, str]) -> Iterator[str]:
    """The step and those behind it on its way, branches as one step, without what is gone past."""
    seen: set[str] = set()
    while step_id and step_id not in seen:
        seen.add(step_id)
        if step_id in passes:
            step_id = passes[step_id]
            continue
        yield step_id
        step_id = plan.following.get(step_id) or ""


def _passed(new: Definition, at: Standing) -> dict[str, str]:
    """What they go past in the new version: all that they did, and what they went past before."""
    order = {step: place for place, step in enumerate(new.by_id)}
    kept = {
        step: target if order.get(target, -1) > order[step] else new.following[step] or ""  # never back
        for step, target in at.passes.items()
        if step in new.by_id and step not in at.done
    }
    return kept | {step: new.following[step] or "" for step in at.done if step in new.by_id}


def _only(added: Collection[str], before: list[str], begin: str, done: Collection[str]) -> dict[str, str]:
    """From the first step that was added on, only such steps are visited: past all others, to the next on the way."""
    way = [*before[before.index(next(iter(added))) :], begin]
    return {step: after for step, after in itertools.pairwise(way) if step not in added or step in done}


def _way_to(plan: Definition, step_id: str) -> list[str]:
    """The steps that stand before it on its way, those first that come first; what it stands in counts as before it."""
    return _found_in(plan.steps, step_id) or []


def _found_in(steps: Any, step_id: str) -> list[str] | None:
    before: list[str] = []
    for step in steps:
        if step.id == step_id:
            return before
        for way in step.ways:
            inner = _found_in(way.steps, step_id)
            if inner is not None:
                return [*before, step.id, *inner]
        before.append(step.id)
    return None


def ahead(plan: Definition, step_id: str, passes: Mapping[str, str]) -> dict[str, bool]:
    """The steps that may still run for whoever stands there, in order, and whether each is certain to be reached.

    What stands on a way that only some go is not, nor is what comes behind a way that may end there. Ahead of a step
    that the plan does not have there is nothing.
    """
    found: dict[str, bool] = {}
    certain, step_id = True, onward(step_id, passes)
    while step_id in plan.by_id and step_id not in found:
        step = plan.by_id[step_id]
        found[step_id] = certain
        if step.do == "end":
            break
        for inner in _inside(step):
            if inner.id not in passes:
                found.setdefault(inner.id, False)
            certain = certain and inner.do != "end"
        step_id = onward(plan.following[step_id] or "", passes)
    return found


def _inside(step: Any) -> Iterator[Any]:
    for way in step.ways:
        for inner in way.steps:
            yield inner
            yield from _inside(inner)
