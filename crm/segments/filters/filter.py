"""A parsed filter: chooses rows in one SQL condition, fetches what it looked at, and says the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Expression, Q, QuerySet

from crm.segments import rules
from crm.segments.filters import tree as shapes
from crm.segments.filters.operators import OPERATORS, Operator, not_true
from crm.segments.filters.tree import FilterError
from crm.segments.filters.words import said
from crm.slots import FilterField, FilterSubject, filter_subjects


@dataclass(frozen=True)
class Test:
    """One question of one field. `denied` turns it round, from `not` above it or from an operator that denies."""

    reference: str  # as the tree names it, with the argument after the colon
    field: FilterField
    operator: Operator
    operand: Any
    denied: bool

    @property
    def argument(self) -> str | None:
        return self.reference.partition(":")[2] or None

    def expression(self, now: datetime) -> Any:
        return self.field.expression(self.argument, now)

    def condition(self, now: datetime) -> Expression:
        asked = self.operator.sql(self.expression(now), self.operand, now)
        return not_true(asked) if self.denied else asked

    def holds(self, values: Mapping[str, Any], now: datetime) -> bool:
        value = rules.revive(self.field.kind, values.get(self.reference))
        asked = not rules.is_missing(value) and self.operator.holds(value, self.operand, now)
        return asked != self.denied

    def sentence(self) -> str:
        words = self.operator.denial if self.denied != self.operator.denies else self.operator.words
        label = self.field.label
        if self.argument:
            label = label.replace("{}", self.argument) if "{}" in label else f"{label} {self.argument}"
        return f"{label} {words.format(said(self.field, self.operator.takes, self.operand))}"


@dataclass(frozen=True)
class Group:
    """All of its parts, or any of them. There is no `not`: parsing has moved it down to the tests.

    So a null condition needs no care: between AND and OR alone, null ends up as false does.
    """

    every: bool
    parts: tuple[Group | Test, ...]

    def condition(self, now: datetime) -> Q:
        """Not to be asked of a group without parts."""
        return reduce(and_ if self.every else or_, (Q(part.condition(now)) for part in self.parts))

    def holds(self, values: Mapping[str, Any], now: datetime) -> bool:
        return (all if self.every else any)(part.holds(values, now) for part in self.parts)

    def sentence(self) -> str:
        parts = [f"({part.sentence()})" if isinstance(part, Group) else part.sentence() for part in self.parts]
        return (" and " if self.every else " or ").join(parts)

    def tests(self) -> Iterable[Test]:
        for part in self.parts:
            yield from part.tests() if isinstance(part, Group) else (part,)


EVERYTHING, NOTHING = Group(True, ()), Group(False, ())


def _group(every: bool, parts: Iterable[Group | Test]) -> Group | Test:
    """Without the parts that say nothing, so that only a whole filter can be without parts."""
    neutral, absorbing = (EVERYTHING, NOTHING) if every else (NOTHING, EVERYTHING)
    kept = tuple(part for part in parts if part != neutral)
    if absorbing in kept:
        return absorbing
    if len(kept) == 1:
        return kept[0]
    return Group(every, kept) if kept else neutral


@dataclass(frozen=True)
class Filter:
    """See the package for what a tree means. Every method takes the moment that relative dates count from."""

    tree: dict[str, Any]
    subject: FilterSubject
    root: Group

    @property
    def fields(self) -> list[str]:
        """The fields it looks at, in the order of the tree."""
        return list(self._tests_by_field())

    def _tests_by_field(self) -> dict[str, Test]:
        found: dict[str, Test] = {}
        for test in self.root.tests():
            found.setdefault(test.reference, test)
        return found

    def apply[M: Any](self, rows: QuerySet[M], now: datetime) -> QuerySet[M]:
        """Only the rows that match."""
        if not self.root.parts:
            return rows if self.root == EVERYTHING else rows.none()
        return rows.filter(self.root.condition(now))

    def values(self, ids: Iterable[int], now: datetime) -> dict[int, dict[str, Any]]:
        """What the fields say of these rows now, by id, in one query; a row that is gone is missing."""
        tests = self._tests_by_field()
        columns = {f"filtered_{number}": test.expression(now) for number, test in enumerate(tests.values())}
        rows = self.subject.base().order_by().filter(pk__in=list(ids)).annotate(**columns)
        return {pk: dict(zip(tests, values, strict=True)) for pk, *values in rows.values_list("pk", *columns)}

    def matches(self, values: Mapping[str, Any], now: datetime) -> bool:
        """The same answer as SQL, from `values` by field, which may have been through JSON."""
        return self.root.holds(values, now)

    def explain(self, values: Mapping[str, Any], now: datetime) -> list[tuple[str, bool]]:
        """Each condition as a sentence, and whether it holds. One under `not` is said the other way round."""
        return [(test.sentence(), test.holds(values, now)) for test in self.root.tests()]

    def sentence(self) -> str:
        if self.root.parts:
            return self.root.sentence()
        return "everything" if self.root == EVERYTHING else "nothing"


def parse(tree: dict[str, Any], subject: str = "account") -> Filter:
    """The filter that a tree describes. Raises FilterError with the place and what to change."""
    if subject not in filter_subjects:
        raise FilterError("", f"there is nothing called {subject!r} to filter")
    about = filter_subjects[subject]
    root = _node(shapes.read_tree(tree), "", denied=False, subject=about)
    return Filter(tree, about, root if isinstance(root, Group) else Group(True, (root,)))


def _node(shape: Any, place: str, *, denied: bool, subject: FilterSubject) -> Group | Test:
    def inside(child: Any, step: str, turned: bool = denied) -> Group | Test:
        return _node(child, f"{place}.{step}" if place else step, denied=turned, subject=subject)

    match shape:
        case shapes.All(all=children):
            return _group(not denied, [inside(child, f"all[{index}]") for index, child in enumerate(children)])
        case shapes.AnyOf(any=children):
            return _group(denied, [inside(child, f"any[{index}]") for index, child in enumerate(children)])
        case shapes.Not(not_=child):
            return inside(child, "not", not denied)
        case shapes.Leaf():
            return _test(shape, f"{place}." if place else "", denied, subject)
        case _:
            return NOTHING if denied else EVERYTHING


def _test(leaf: shapes.Leaf, place: str, denied: bool, subject: FilterSubject) -> Test:
    field = _field(leaf.field, f"{place}field", subject)
    operators = OPERATORS[field.kind]
    operator = operators.get(leaf.op)
    if operator is None:
        raise FilterError(f"{place}op", f"must be one of {', '.join(operators)}, not {rules.shown(leaf.op)}")
    if leaf.value is None and operator.takes != "nothing":
        raise FilterError(f"{place}value", "is missing")
    try:
        operand = operator.read(leaf.value)
        if field.choices and operator.takes in ("choice", "choices"):
            _check_choice(field, operand)
    except ValueError as error:
        raise FilterError(f"{place}value", str(error)) from None
    return Test(leaf.field, field, operator, operand, denied != operator.denies)


def _field(reference: str, place: str, subject: FilterSubject) -> FilterField:
    name, colon, argument = reference.partition(":")
    field = subject.fields.get(name)
    if field is None:
        near = get_close_matches(name[:80], subject.fields.names(), 1)
        raise FilterError(
            place, f"there is no field {rules.shown(name)}" + (f"; did you mean {near[0]!r}?" if near else "")
        )
    if field.takes_argument:
        try:
            rules.read_text(argument)
        except ValueError as error:
            raise FilterError(place, f"needs a name after a colon, such as {name}:exports; it {error}") from None
    elif colon:
        raise FilterError(place, f"{name} takes nothing after a colon")
    return field


def _check_choice(field: FilterField, operand: Any) -> None:
    known = [code for code, _ in field.choices if code]
    for code in (operand,) if isinstance(operand, str) else operand:
        if code not in known:
            raise ValueError(f"must be one of {', '.join(known)}, not {rules.shown(code)}")
