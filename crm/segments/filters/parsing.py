"""From a tree to a filter: fields and operators looked up, `not` moved down to the tests, segments put in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from django.db.models import BooleanField, Value

from crm.segments import rules
from crm.segments.filters import tree as shapes
from crm.segments.filters.filter import EVERYTHING, NOTHING, Filter, Group, Membership, Question, Test
from crm.segments.filters.operators import OPERATORS, Operator
from crm.segments.filters.tree import FilterError
from crm.segments.models import Segment
from crm.slots import FilterField, FilterSubject, filter_subjects

#: The field that asks for segments; people have one of their own and, as `account.segment`, that of their account.
SEGMENT = "segment"
#: Of segments one inside the other, and of tests that a filter may have with those of all its segments.
MOST_NESTED, MOST_TESTS = 8, 250


@dataclass(frozen=True)
class _Reading:
    """What is read: about what, for whom, and inside which segments, the outermost first."""

    subject: FilterSubject
    viewer: Any
    known: Mapping[int, Segment]
    inside: tuple[Segment, ...] = ()
    tests: list[str] = field(default_factory=list)  # of all that was read so far


def parse(tree: dict[str, Any], subject: str = "account", viewer: Any = None, being: Segment | None = None) -> Filter:
    """The filter that a tree describes. Raises FilterError with the place and what to change.

    With a `viewer` it names only segments that they may see; without one (workers) any. `being` is the segment whose
    filter it is to become, which it must not name in any roundabout way. No query without segments.
    """
    if subject not in filter_subjects:
        raise FilterError("", f"there is nothing called {subject!r} to filter")
    about = filter_subjects[subject]
    shape = shapes.read_tree(tree)
    reading = _Reading(about, viewer, _known(tree), (being,) if being else ())
    return Filter(tree, about, _whole(_node(shape, "", denied=False, reading=reading)))


def segment_field(subject: str) -> FilterField:
    """The field SEGMENT of a subject. Its value depends on which one is meant, so that Membership says it, not this."""
    return FilterField(
        "Segment", "segment", lambda argument, now: Value(None, BooleanField()), segments_of=subject, order=-1
    )


def named_in(tree: Any) -> Iterator[int]:
    """The ids of the segments that a tree names, without those that these name."""
    match tree:
        case {"field": str() as name, "value": value} if name.rpartition(".")[2] == SEGMENT:
            try:
                yield rules.read_id(value)
            except ValueError:
                return  # parsing says so
        case {"all": list() as parts} | {"any": list() as parts}:
            for part in parts:
                yield from named_in(part)
        case {"not": part}:
            yield from named_in(part)


def _known(tree: Any) -> dict[int, Segment]:
    """Every segment that the tree needs, one query for each level of segments in segments."""
    known: dict[int, Segment] = {}
    wanted, asked = set(named_in(tree)), set[int]()
    while wanted:
        asked |= wanted
        found = Segment.objects.in_bulk(wanted)
        known |= found
        wanted = {pk for segment in found.values() for pk in named_in(segment.tree)} - asked
    return known


def _whole(root: Group | Question) -> Group:
    return root if isinstance(root, Group) else Group(True, (root,))


def _group(every: bool, parts: Iterable[Group | Question]) -> Group | Question:
    """Without the parts that say nothing, so that only a whole filter can be without parts."""
    neutral, absorbing = (EVERYTHING, NOTHING) if every else (NOTHING, EVERYTHING)
    kept = tuple(part for part in parts if part != neutral)
    if absorbing in kept:
        return absorbing
    if len(kept) == 1:
        return kept[0]
    return Group(every, kept) if kept else neutral


def _node(shape: Any, place: str, *, denied: bool, reading: _Reading) -> Group | Question:
    def inside(child: Any, step: str, turned: bool = denied) -> Group | Question:
        return _node(child, f"{place}.{step}" if place else step, denied=turned, reading=reading)

    match shape:
        case shapes.All(all=children):
            return _group(not denied, [inside(child, f"all[{index}]") for index, child in enumerate(children)])
        case shapes.AnyOf(any=children):
            return _group(denied, [inside(child, f"any[{index}]") for index, child in enumerate(children)])
        case shapes.Not(not_=child):
            return inside(child, "not", not denied)
        case shapes.Leaf():
            return _question(shape, f"{place}." if place else "", denied, reading)
        case _:
            return NOTHING if denied else EVERYTHING


def _question(leaf: shapes.Leaf, place: str, denied: bool, reading: _Reading) -> Question:
    about = _field(leaf.field, f"{place}field", reading.subject).asked_by(reading.viewer)
    reading.tests.append(leaf.field)
    if len(reading.tests) > MOST_TESTS:
        raise FilterError(place.rstrip("."), f"has more than {MOST_TESTS} conditions, with those of its segments")
    operators = OPERATORS[about.kind]
    operator = operators.get(leaf.op)
    if operator is None:
        raise FilterError(f"{place}op", f"must be one of {', '.join(operators)}, not {rules.shown(leaf.op)}")
    if leaf.value is None and operator.takes != "nothing":
        raise FilterError(f"{place}value", "is missing")
    try:
        operand = operator.read(leaf.value)
        if about.choices and operator.takes in ("choice", "choices"):
            _check_choice(about, operand)
    except ValueError as error:
        raise FilterError(f"{place}value", str(error)) from None
    if operator.takes == "segment":
        return _membership(leaf, f"{place}value", about, operator, denied, reading)
    return Test(leaf.field, about, operator, operand, denied != operator.denies)


def _membership(
    leaf: shapes.Leaf, place: str, about: FilterField, operator: Operator, denied: bool, reading: _Reading
) -> Membership:
    segment = _segment(operator.read(leaf.value), place, about, reading)
    rule = None
    if not segment.is_static:
        inside = (*reading.inside, segment)
        within = replace(reading, subject=filter_subjects[segment.subject], viewer=None, inside=inside)
        try:
            rule = _whole(_node(shapes.read_tree(segment.tree), "", denied=False, reading=within))
        except FilterError as error:
            if error.place:
                raise FilterError(place, f"“{segment}” cannot be used: {error.place} {error.message}") from None
            raise
    through = filter_subjects[segment.subject] is not reading.subject
    reference = f"{leaf.field}:{segment.pk}"
    viewer = reading.viewer if through else None
    return Membership(reference, about, segment, rule, through, denied != operator.denies, viewer)


def _segment(pk: int, place: str, about: FilterField, reading: _Reading) -> Segment:
    """The one that is named, if it may be. What a shared one is made of, everybody may use with it."""
    segment = reading.known.get(pk)
    if segment is None or (reading.viewer is not None and not segment.may_be_seen_by(reading.viewer)):
        raise FilterError(place, f"names no segment that is there for you: {pk}")
    if segment.subject != about.segments_of:
        raise FilterError(place, f"“{segment}” is not about {filter_subjects[about.segments_of].label.lower()}")
    if segment.archived_at:
        raise FilterError(place, f"“{segment}” is archived; restore it, or take the condition away")
    names = [each.pk for each in reading.inside]
    if pk in names:
        circle = [*reading.inside[names.index(pk) :], segment]
        raise FilterError("", f"a segment cannot be made of itself: {' uses '.join(f'“{each}”' for each in circle)}")
    if len(names) == MOST_NESTED:
        raise FilterError("", f"segments stand more than {MOST_NESTED} deep in each other, down to “{segment}”")
    return segment


#: What a field may take after the colon: how it is read, and an example.
_ARGUMENTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "name": (rules.read_text, "exports"),
    "day": (rules.read_day, "2026-06-01"),
    "stretch": (rules.read_stretch, "2026-03-31..2026-06-30"),
}


def reads(about: FilterField, argument: str) -> bool:
    """Whether a field that takes one can be asked about this."""
    try:
        _ARGUMENTS[about.argument][0](argument)
    except ValueError:
        return False
    return True


def _field(reference: str, place: str, subject: FilterSubject) -> FilterField:
    name, colon, argument = reference.partition(":")
    found = subject.fields.get(name)
    if found is None:
        near = get_close_matches(name[:80], subject.fields.names(), 1)
        raise FilterError(
            place, f"there is no field {rules.shown(name)}" + (f"; did you mean “{near[0]}”?" if near else "")
        )
    if found.takes_argument:
        read, example = _ARGUMENTS[found.argument]
        try:
            read(argument)
        except ValueError as error:
            wanted = f"needs a {found.argument} after a colon, such as {name}:{example}"
            raise FilterError(place, f"{wanted}; it {error}") from None
    elif colon:
        raise FilterError(place, f"{name} takes nothing after a colon")
    return found


def _check_choice(about: FilterField, operand: Any) -> None:
    known = [code for code, _ in about.choices if code]
    for code in (operand,) if isinstance(operand, str) else operand:
        if code not in known:
            raise ValueError(f"must be one of {', '.join(known)}, not {rules.shown(code)}")
