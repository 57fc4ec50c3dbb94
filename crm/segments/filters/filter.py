"""A parsed filter: chooses rows in one SQL condition, fetches what it looked at, and says the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any, Self

from django.db.models import BooleanField, Exists, Expression, ExpressionWrapper, OuterRef, Q, QuerySet, Value

from crm.segments import rules
from crm.segments.filters.operators import Operator, not_true
from crm.segments.filters.words import said, shown_argument, value
from crm.segments.models import Segment, SegmentMember
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

    def turned(self) -> Self:
        """The exact complement."""
        return replace(self, denied=not self.denied)

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
            named = shown_argument(self.field, self.argument)
            label = label.replace("{}", named) if "{}" in label else f"{label} {named}"
        return f"{label} {words.format(said(self.field, self.operator.takes, self.operand))}"

    def value(self, values: Mapping[str, Any]) -> str:
        """What was seen, in words."""
        return value(self.field, rules.revive(self.field.kind, values.get(self.reference)))


@dataclass(frozen=True)
class Membership:
    """The question whether a row, or the account of a person, is in a segment.

    A dynamic segment stands here as what its own filter asks (`rule`), so that the whole filter is one condition; of a
    static one the places are looked up. As a value it is true or false, which SQL says.
    """

    reference: str  # as the tree names it, with the segment's id after a colon
    field: FilterField
    segment: Segment
    rule: Group | None  # None: a static one
    through: bool  # the segment is about the account of the subject
    denied: bool
    viewer: Any = None  # whose sight ends at accounts that they may not see: these are in no segment

    def turned(self) -> Self:
        """The exact complement."""
        return replace(self, denied=not self.denied)

    def condition(self, now: datetime) -> Any:
        if not self.through:
            return self._inside(now)
        accounts = filter_subjects[self.field.segments_of].base().order_by().filter(pk=OuterRef("account_id"))
        if self.viewer is not None:
            accounts = accounts.visible_to(self.viewer)  # type: ignore[attr-defined]
        # A row without an account that is seen is in none, so what is denied is not asked of the account turned round.
        found = Exists(accounts.filter(replace(self, denied=False)._inside(now)))
        return ~found if self.denied else found

    def _inside(self, now: datetime) -> Any:
        if self.rule is None:
            places = SegmentMember.objects.filter(
                **{f"{self.segment.subject}_id": OuterRef("pk")}, segment=self.segment
            )
            return ~Exists(places) if self.denied else Exists(places)
        rule = self.rule.turned() if self.denied else self.rule
        return rule.condition(now) if rule.parts else Value(rule == EVERYTHING, BooleanField())

    def expression(self, now: datetime) -> Any:
        asked = replace(self, denied=False).condition(now)
        return asked if isinstance(asked, Exists) else ExpressionWrapper(Q(asked), BooleanField())

    def holds(self, values: Mapping[str, Any], now: datetime) -> bool:
        return (values.get(self.reference) is True) != self.denied

    def sentence(self) -> str:
        whose = "their account is " if self.through else ""
        return f"{whose}{'not ' if self.denied else ''}in the segment “{self.segment.name}”"

    def value(self, values: Mapping[str, Any]) -> str:
        """What was seen, in words."""
        return "in it" if values.get(self.reference) is True else "not in it"


type Question = Test | Membership


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of a filter as it was asked of one row: in words, what was seen, and whether it holds.

    A group's own line comes before its conditions, which stand one deeper; it has no value.
    """

    words: str
    value: str
    holds: bool
    depth: int = 0


@dataclass(frozen=True)
class Group:
    """All of its parts, or any of them. There is no `not`: parsing has moved it down to the tests.

    So a null condition needs no care: between AND and OR alone, null ends up as false does.
    """

    every: bool
    parts: tuple[Group | Question, ...]

    def turned(self) -> Self:
        """The exact complement."""
        return replace(self, every=not self.every, parts=tuple(part.turned() for part in self.parts))

    def condition(self, now: datetime) -> Q:
        """Not to be asked of a group without parts."""
        return reduce(and_ if self.every else or_, (Q(part.condition(now)) for part in self.parts))

    def holds(self, values: Mapping[str, Any], now: datetime) -> bool:
        return (all if self.every else any)(part.holds(values, now) for part in self.parts)

    def asked(self, values: Mapping[str, Any], now: datetime, depth: int = 0) -> Iterable[Asked]:
        """Each condition below it. What is above says whether all or any must hold."""
        for part in self.parts:
            holds = part.holds(values, now)
            if isinstance(part, Group):
                yield Asked("All of these" if part.every else "One of these is enough", "", holds, depth)
                yield from part.asked(values, now, depth + 1)
            else:
                yield Asked(_capital(part.sentence()), part.value(values), holds, depth)

    def sentence(self) -> str:
        parts = [f"({part.sentence()})" if isinstance(part, Group) else part.sentence() for part in self.parts]
        return (" and " if self.every else " or ").join(parts)

    def tests(self) -> Iterable[Question]:
        for part in self.parts:
            yield from part.tests() if isinstance(part, Group) else (part,)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


EVERYTHING, NOTHING = Group(True, ()), Group(False, ())


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

    def _tests_by_field(self) -> dict[str, Question]:
        found: dict[str, Question] = {}
        for test in self.root.tests():
            found.setdefault(test.reference, test)
        return found

    @property
    def asks_retired(self) -> bool:
        """Whether it asks a field that has been archived since."""
        return any(test.field.retired for test in self.root.tests())

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

    def asked(self, values: Mapping[str, Any], now: datetime) -> list[Asked]:
        """Each condition with what was seen, in the order of the tree. One under `not` is said the other way round."""
        if self.root.every or len(self.root.parts) < 2:
            return list(self.root.asked(values, now))
        return list(Group(True, (self.root,)).asked(values, now))

    def sentence(self) -> str:
        if self.root.parts:
            return self.root.sentence()
        return "everything" if self.root == EVERYTHING else "nothing"
