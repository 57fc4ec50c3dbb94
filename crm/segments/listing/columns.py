"""The columns of a list: those that rooms registered, and every field that filters ask, shown by its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from crm.slots import FilterField, ListColumn, filter_subjects, list_columns
from crm.team.models import User
from crm.templatetags import ui

#: Columns beside the first one. A wider table than this is read by nobody.
MOST = 12


@dataclass(frozen=True)
class Column:
    """A column of one list. `field`: it shows what filters ask, which is fetched with all others of its kind."""

    name: str
    shown: ListColumn
    field: FilterField | None = None


def columns_of(subject: str) -> dict[str, Column]:
    """All that the subject's lists can show, by name: registered ones in their order, then fields by label."""
    prefix = f"{subject}."
    found = {
        name.removeprefix(prefix): Column(name.removeprefix(prefix), column)
        for name, column in list_columns.items()
        if name.startswith(prefix)
    }
    fields = filter_subjects[subject].fields.items()
    for name, field in sorted(fields, key=lambda item: (item[1].group, item[1].label.casefold())):
        if name not in found and _can_be_shown(field):
            found[name] = _of_field(name, field)
    return found


def _of_field(name: str, field: FilterField) -> Column:
    align = "num" if field.kind == "number" else ""
    shown = ListColumn(field.label, _SAID[field.kind](field), align=align, sort=field.sort, shown=False)
    return Column(name, shown, field)


def _column(subject: str, name: str) -> Column | None:
    """Of this name alone: a page asks for few of those that there are."""
    if registered := list_columns.get(f"{subject}.{name}"):
        return Column(name, registered)
    field = filter_subjects[subject].fields.get(name)
    return _of_field(name, field) if field and _can_be_shown(field) else None


def _can_be_shown(field: FilterField) -> bool:
    return not field.takes_argument and not field.retired and field.kind in _SAID


def usual(subject: str) -> list[str]:
    """What a list shows until somebody chooses."""
    prefix = f"{subject}."
    return [
        name.removeprefix(prefix) for name, column in list_columns.items() if column.shown and name.startswith(prefix)
    ]


def known(subject: str, names: Iterable[str]) -> list[str]:
    """Those of the names that the list has, each once, in the order given."""
    return [name for name in dict.fromkeys(names) if _column(subject, name)][:MOST]


def chosen(subject: str, names: Sequence[str]) -> list[Column]:
    """The columns of these names; of a list's own ones without any."""
    return [column for name in (names or usual(subject))[:MOST] if (column := _column(subject, name))]


def lines(
    columns: Sequence[Column],
    rows: Sequence[dict[str, Any]],
    title: Callable[[dict[str, Any]], str],
    subject: str,
    viewer: User,
    now: datetime,
) -> SafeString:
    """The rows of the table as HTML, which a template would need ten times as long for.

    One query for all columns that show fields, and one for each column that fetches.
    """
    ids = [row["id"] for row in rows]
    values = [_values(column, ids, viewer, now) for column in columns]
    asked = [column for column in columns if column.field]
    fetched = _fields(asked, ids, subject, viewer, now) if asked and ids else {}
    made = [(_opening(column), column, given) for column, given in zip(columns, values, strict=True)]
    said = [f"{_ROW.format(row['id'])}{title(row)}</td>{''.join(_cells(made, row, fetched))}</tr>\n" for row in rows]
    return mark_safe("".join(said))  # noqa: S308  each part is escaped


#: The beginning of a row; the box belongs to the form of bulk acts.
_ROW = (
    '<tr class="go" id="row-{0}"><td class="chooses"><input type="checkbox" name="ids" value="{0}" form="bulk"'
    ' aria-label="Choose this row"></td><td>'
)


def _cells(made: Sequence[Any], row: dict[str, Any], fetched: Mapping[int, Mapping[str, Any]]) -> Iterable[str]:
    for opening, column, given in made:
        if column.field:
            value = fetched.get(row["id"], {}).get(column.name)
            said = "" if value is None else column.shown.cell(value)
        elif given is not None:
            said = column.shown.cell(given[row["id"]]) if row["id"] in given else ""
        else:
            said = column.shown.cell(row)
        inside = conditional_escape(said) if said else f'<span class="muted">{escape(column.shown.blank)}</span>'
        yield f"{opening}{inside}</td>"


def _opening(column: Column) -> str:
    classes = " ".join(filter(None, (column.shown.align, "" if column.shown.narrow else "hide-s")))
    return f'<td class="{classes}">' if classes else "<td>"


def _values(column: Column, ids: Sequence[int], viewer: User, now: datetime) -> Mapping[int, Any] | None:
    return column.shown.fetch(ids, viewer, now) if column.shown.fetch else None


def _fields(
    columns: Sequence[Column], ids: Sequence[int], subject: str, viewer: User, now: datetime
) -> dict[int, dict[str, Any]]:
    fields = [column.field.asked_by(viewer) for column in columns if column.field]
    named = {f"shown_{n}": field.expression(None, now) for n, field in enumerate(fields)}
    rows = filter_subjects[subject].base().order_by().filter(pk__in=ids).annotate(**named).values_list("pk", *named)
    names = [column.name for column in columns]
    return {pk: dict(zip(names, values, strict=True)) for pk, *values in rows}


# How each kind of field reads in a cell ---------------------------------------------------------------------------


def _number(field: FilterField) -> Callable[[Any], str]:
    def said(value: Any) -> str:
        number = Decimal(value)
        if field.unit == "money":
            return ui.money(number)
        plain = f"{number.normalize():,f}"
        return f"{plain} day{'' if plain == '1' else 's'}" if field.unit == "days" else plain

    return said


def _tags(field: FilterField) -> Callable[[Any], str]:
    labels = dict(field.choices)
    return lambda tags: mark_safe(  # noqa: S308  escaped each
        "".join(f'<span class="tag">{escape(labels.get(tag, tag))}</span> ' for tag in tags)
    )


_SAID: dict[str, Callable[[FilterField], Callable[[Any], str]]] = {
    "text": lambda field: str,
    "choice": lambda field: lambda code: dict(field.choices).get(code, code),
    "number": _number,
    "date": lambda field: ui.day,
    "datetime": lambda field: ui.ago,
    "bool": lambda field: lambda value: "yes" if value else "no",
    "tags": _tags,
    "options": _tags,
}
