"""What differs between two versions, for people: steps side by side, trigger, conditions and ends in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from pydantic import BaseModel

from crm.segments import filters
from retention.workflows import wording
from retention.workflows.definition import Definition, Leave

ADDED, REMOVED, MOVED, CHANGED, KEPT = "added", "removed", "moved", "changed", "kept"


@dataclass(frozen=True)
class Words:
    """One thing that is said otherwise. Blank where it was not there."""

    label: str
    before: str
    after: str
    long: bool = False  # texts of several lines stand side by side

    @property
    def lines_before(self) -> list[tuple[str, bool]]:
        """Line by line, and whether it is another one now; in a text of one line nothing is set off."""
        return self._lines(self.before, self.after)

    @property
    def lines_after(self) -> list[tuple[str, bool]]:
        return self._lines(self.after, self.before)

    def _lines(self, text: str, other: str) -> list[tuple[str, bool]]:
        own, others = text.splitlines(), other.splitlines()
        if len(own) < 2 and len(others) < 2:
            return [(text, False)]
        same: set[int] = set()
        for block in SequenceMatcher(None, own, others, autojunk=False).get_matching_blocks():
            same |= set(range(block.a, block.a + block.size))
        return [(line, bool(line) and place not in same) for place, line in enumerate(own)]


@dataclass(frozen=True)
class StepChange:
    """A step as it stands in the list of both versions together."""

    step_id: str
    kind: str  # one of the words above
    depth: int
    way: str  # the way that it is the first step of, such as “yes”
    line: wording.Line
    words: tuple[Words, ...] = ()
    also_moved: bool = False


@dataclass(frozen=True)
class Difference:
    """All of it. `rules` are what is not a step: name, trigger, condition, goal, exits, settings."""

    rules: list[Words] = field(default_factory=list)
    steps: list[StepChange] = field(default_factory=list)

    @property
    def changed(self) -> list[StepChange]:
        return [step for step in self.steps if step.kind != KEPT]

    def __bool__(self) -> bool:
        return bool(self.rules or self.changed)

    @property
    def sentence(self) -> str:
        """“2 steps added, 1 changed, the trigger too”; “Nothing” if nothing differs."""
        counts = {kind: sum(step.kind == kind for step in self.steps) for kind in (ADDED, REMOVED, MOVED, CHANGED)}
        parts = [f"{count} step{'' if count == 1 else 's'} {kind}" for kind, count in counts.items() if count]
        parts += [f"{rule.label[0].lower()}{rule.label[1:]} changed" for rule in self.rules]
        text = ", ".join(parts) or "nothing differs"
        return f"{text[0].upper()}{text[1:]}."


def differ(old: Definition, new: Definition) -> Difference:
    """What changes from the old version to the new one."""
    return Difference(list(_rules(old, new)), _steps(old, new))


# What is not a step -----------------------------------------------------------------------------------------------

#: What has words of its own below; the name of every other part of a definition is its title.
_TOLD = {"name", "about", "trigger", "steps", "goal", "exits", "settings"}


def _rules(old: Definition, new: Definition) -> Iterator[Words]:
    pairs = [
        ("Name", old.name, new.name), ("About", old.about, new.about),
        ("Trigger", wording.trigger_sentence(old), wording.trigger_sentence(new)),
        ("Who enters", wording.who(old) or "Every customer", wording.who(new) or "Every customer"),
        ("Goal", _leave(old.goal), _leave(new.goal)),
        ("Ends early when", "\n".join(map(_leave, old.exits)), "\n".join(map(_leave, new.exits))),
    ]  # fmt: skip
    pairs += [
        (name.replace("_", " ").capitalize(), said(old.settings.get(name)), said(new.settings.get(name)))
        for name in [*new.settings, *(name for name in old.settings if name not in new.settings)]
    ]
    for name, info in type(new).model_fields.items():
        if name not in _TOLD:
            label = info.title or name.replace("_", " ").capitalize()
            pairs.append((label, said(getattr(old, name)), said(getattr(new, name))))
    yield from (
        Words(label, before, after, "\n" in before + after) for label, before, after in pairs if before != after
    )


def _leave(leave: Leave | None) -> str:
    if leave is None:
        return ""
    if leave.where:
        return f"{leave.because}: when {filters.parse(leave.where, 'account').sentence()}"
    return f"{leave.because}: when “{str(leave.fact).replace('.', ' ').replace('_', ' ')}” happens"


# Steps ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Placed:
    step: Any
    depth: int
    way: str
    under: tuple[str, str]  # the step and the way that it stands in


def _placed(steps: Any, depth: int = 0, under: tuple[str, str] = ("", "")) -> Iterator[_Placed]:
    for number, step in enumerate(steps):
        yield _Placed(step, depth, under[1] if number == 0 else "", under)
        for way in step.ways:
            yield from _placed(way.steps, depth + 1, (step.id, way.word))


def _steps(old: Definition, new: Definition) -> list[StepChange]:
    was, now = list(_placed(old.steps)), list(_placed(new.steps))
    before, after = {one.step.id: one for one in was}, {one.step.id: one for one in now}
    blocks = SequenceMatcher(None, list(before), list(after), autojunk=False).get_opcodes()
    found: list[StepChange] = []
    for kind, old_from, old_to, new_from, new_to in blocks:
        gone = [one for one in was[old_from:old_to] if one.step.id not in after]
        found += [StepChange(one.step.id, REMOVED, one.depth, one.way, wording.line(one.step)) for one in gone]
        for one in now[new_from:new_to]:
            found.append(_step(before.get(one.step.id), one, in_order=kind == "equal"))
    return found


def _step(was: _Placed | None, now: _Placed, *, in_order: bool) -> StepChange:
    line, step = wording.line(now.step), now.step
    if was is None:
        return StepChange(step.id, ADDED, now.depth, now.way, line)
    moved = not in_order or _home(was) != _home(now)
    words = tuple(_words(was.step, step))
    kind = CHANGED if words else MOVED if moved else KEPT
    return StepChange(step.id, kind, now.depth, now.way, line, words, moved)


def _home(one: _Placed) -> tuple[str, str]:
    """Where it stands: in which way of which step. How long a wait is may be part of a way's words, and is no move."""
    return (one.under[0], one.under[1].partition(" ")[0])


def _words(old: Any, new: Any) -> Iterator[Words]:
    """What two steps of one id say otherwise."""
    before, after = wording.line(old), wording.line(new)
    if type(old) is not type(new):
        yield Words("Step", before.title, after.title)
        return
    plain = [(label, was, now) for label, was, now in _fields(old, new) if was != now]
    if not plain and before.title != after.title:
        yield Words("Step", before.title, after.title)
    yield from (Words(label, was, now, "\n" in was + now or len(was + now) > _LONG) for label, was, now in plain)


_LONG = 160
_NEVER_SAID = {"id", "do"}


def _fields(old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    for name, info in type(new).model_fields.items():
        was, now = getattr(old, name), getattr(new, name)
        if name not in _NEVER_SAID and not _is_way(was) and not _is_way(now):
            yield info.title or name.strip("_").replace("_", " ").capitalize(), said(was), said(now)


def _is_way(value: Any) -> bool:
    return isinstance(value, list) and any(hasattr(one, "ways") for one in value)


def said(value: Any) -> str:
    """A value of a definition as people read it."""
    match value:
        case None | "" | [] | {}:
            return ""
        case bool():
            return "yes" if value else "no"
        case BaseModel():
            told = ((name.replace("_", " "), said(getattr(value, name))) for name in type(value).model_fields)
            return ", ".join(f"{name}: {text}" for name, text in told if text and text != "0")
        case dict():
            return _tree(value)
        case list() | tuple():
            return ", ".join(map(said, value))
    return f"{value:%H:%M}" if hasattr(value, "tzinfo") else str(value)


def _tree(tree: dict[str, Any]) -> str:
    try:
        return filters.parse(tree, "account").sentence()
    except filters.FilterError:
        return ", ".join(f"{name}: {said(part)}" for name, part in tree.items())
