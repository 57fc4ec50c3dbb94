"""Fields in the filter language, as columns of lists and as their sorts: one expression each, fit for an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DecimalField,
    Expression,
    F,
    Field,
    Func,
    TextField,
)

from crm.fields import known
from crm.fields.rules import Definition
from crm.segments.filters import Folded
from crm.segments.listing import Order
from crm.slots import FilterField, Registry
from crm.web.pagination import Sort

#: Before a key, wherever fields of all origins stand together.
PREFIX = "custom."
#: The column of a record that holds the values.
COLUMN = "custom"

_TEXT = "(%(expressions)s ->> '{key}')"
#: Only functions that are immutable, since indexes are made of them: a cast to date depends on the session's settings.
_DAY = (
    "make_date(substr(%(expressions)s ->> '{key}', 1, 4)::integer, substr(%(expressions)s ->> '{key}', 6, 2)::integer,"
    " substr(%(expressions)s ->> '{key}', 9, 2)::integer)"
)
#: Codes have no comma, quotation mark or blank.
_LIST = "string_to_array(translate(%(expressions)s ->> '{key}', '[]\" ', ''), ',')::varchar[]"
_NUMBER = "((%(expressions)s ->> '{key}')::numeric)"

_AS: Mapping[str, tuple[str, Field[Any, Any]]] = {
    "text": (_TEXT, TextField()),
    "choice": (_TEXT, TextField()),
    "number": (_NUMBER, DecimalField(max_digits=20, decimal_places=6)),
    "date": (_DAY, DateField()),
    "bool": ("((%(expressions)s ->> '{key}')::boolean)", BooleanField()),
    "options": (_LIST, ArrayField(CharField())),
}


def expression(of: Definition) -> Expression:
    """The field's value in a query of its subject."""
    template, output = _AS[of.kind.asked]
    return Func(F(COLUMN), template=template.format(key=of.key), output_field=output)


def sorted_by(of: Definition) -> Expression:
    """What lists stand in the order of; text regardless of case."""
    return Folded(expression(of)) if of.kind.asked == "text" else expression(of)


def filter_field(of: Definition) -> FilterField:
    def asked(argument: str | None, now: datetime) -> Any:
        return expression(of)

    choices = tuple((option.code, option.label) for option in of.options)
    sort = f"{PREFIX}{of.key}" if of.often and of.kind.sorts else ""
    unit = "money" if of.type == "money" else ""
    group = of.group or "Fields of your own"
    return FilterField(
        of.name, of.kind.asked, asked, choices, unit=unit, group=group, sort=sort, order=1, retired=of.archived
    )


class FieldsOf(Registry[FilterField]):
    """The filter fields that rooms have registered for a subject, and as `custom.<key>` those that admins have made."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"filter field of {subject}")
        self.subject = subject

    def get(self, name: str) -> FilterField | None:
        if not name.startswith(PREFIX):
            return super().get(name)
        # Those in the archive too: what a segment or a workflow asks does not fail because a page hides it.
        key = name.removeprefix(PREFIX)
        of = next((one for one in known.every(self.subject) if one.key == key), None)
        return filter_field(of) if of else None

    def __getitem__(self, name: str) -> FilterField:
        if found := self.get(name):
            return found
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def items(self) -> list[tuple[str, FilterField]]:
        return [*super().items(), *((f"{PREFIX}{of.key}", filter_field(of)) for of in known.fields(self.subject))]

    def names(self) -> list[str]:
        return [*super().names(), *(f"{PREFIX}{of.key}" for of in known.fields(self.subject))]


class OrdersOf(Mapping[str, Order]):
    """A list's sorts, and both ways by each field whose values have an order.

    Those that are often asked for have an index and stand in menus. An address may name the others: a list that takes
    too long to sort asks to be narrowed.
    """

    def __init__(self, subject: str, own: Mapping[str, Order]) -> None:
        self.subject, self.own = subject, own

    def __getitem__(self, name: str) -> Order:
        if found := self.own.get(name):
            return found
        plain = name.removeprefix("-")
        of = known.field(self.subject, plain.removeprefix(PREFIX)) if plain.startswith(PREFIX) else None
        if of is None or not of.kind.sorts:
            raise KeyError(name)
        down = name != plain
        sort = Sort(f"sorted_by_{of.key}", descending=down, nullable=True, mirrored=down)
        return Order(f"{of.name}, {_way(of, down)}", sort, sorted_by(of))

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        for of in known.fields(self.subject):
            if of.often and of.kind.sorts:
                yield f"{PREFIX}{of.key}"
                yield f"-{PREFIX}{of.key}"

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _way(of: Definition, down: bool) -> str:
    match of.kind.asked:
        case "number":
            return "highest first" if down else "lowest first"
        case "date":
            return "latest first" if down else "earliest first"
    return "backwards" if down else "A to Z"
