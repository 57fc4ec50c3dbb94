"""Which tables are remembered, and which of their columns people edit.

A room declares it beside its model:

    class AccountChange(changes_of(Account, {"name": "name", "owner": "owner", …})):
        ...

A trigger then writes the whole row as it was before, when one of the named columns changes or the row is deleted; new
rows, and what machines write into other columns, cost nothing. It is a trigger for each row, not for each statement:
its WHEN is evaluated before anything is called, so that what the ledger derives for a million rows never notices it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pghistory
import pgtrigger
from django.apps import apps
from django.db import models

from crm.history.models import Change


@dataclass(frozen=True)
class Part:
    """One of the values in a `Parted` column: what it is called inside a sentence, and how its value reads."""

    words: str
    said: Callable[[Any], str]


class Parted(models.JSONField):
    """A column that holds values by name, each remembered, shown and taken back as if it had a column of its own.

    It is never null; what has no value is not in it. Names are of a–z, 0–9 and _.
    """

    def parts(self) -> Mapping[str, Part]:
        """All that may be in it now, by name."""
        raise NotImplementedError


def changes_of(model: Any, named: Mapping[str, str]) -> Any:
    """The abstract model of a table's changes. `named`: columns that people edit, with the words for them.

    A column without words follows another one: it goes back with it, and nobody is told.
    """
    columns = [model._meta.get_field(name).column for name in named]
    named_columns: Any = pgtrigger.UpdateOf
    changed = pghistory.UpdateEvent(
        row=pghistory.Old, operation=named_columns(*columns), condition=pgtrigger.AnyChange(*named),
        trigger_name="remember_change",
    )  # fmt: skip
    deleted = pghistory.DeleteEvent(trigger_name="remember_deletion")
    kept = [field for field in model._meta.local_concrete_fields if not isinstance(field, models.GeneratedField)]
    without_context: Any = None  # which is what the act is for
    return pghistory.create_event_model(
        model, changed, deleted, abstract=True, base_model=Change, append_only=False, context_field=without_context,
        fields=[field.name for field in kept if not field.primary_key],
        # Numbers only: what they point at may be gone, and nothing must look for them when it goes.
        attrs={field.name: _number(field) for field in kept if field.is_relation} | {"named": dict(named)},
        obj_field=pghistory.ObjForeignKey(related_name="+", db_index=False),
        meta={"indexes": [
            models.Index(fields=["pgh_obj", "pgh_id"], name="%(class)s_of_row"),
            models.Index(fields=["act", "pgh_obj"], name="%(class)s_of_act"),
        ]},
    )  # fmt: skip


def _number(field: Any) -> models.Field[Any, Any]:
    return models.BigIntegerField(null=True, db_column=field.column)


@dataclass(frozen=True)
class Tracked:
    """A table that is remembered."""

    model: Any  # the class of its rows
    change: Any  # that of its Change
    named: Mapping[str, str]  # field → words; blank: it follows another

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @cached_property
    def _plain(self) -> dict[str, str]:
        fields = {name: self.model._meta.get_field(name) for name in self.named}
        return {str(field.column): name for name, field in fields.items() if not isinstance(field, Parted)}

    @cached_property
    def _parted(self) -> dict[str, Parted]:
        fields = {name: self.model._meta.get_field(name) for name in self.named}
        return {str(field.column): field for field in fields.values() if isinstance(field, Parted)}

    @property
    def columns(self) -> list[str]:
        """What is remembered by itself: columns that people edit, and as `column.part` the parts of `Parted` ones."""
        parts = [f"{column}.{part}" for column, field in self._parted.items() for part in field.parts()]
        return [*self._plain, *parts]

    def part(self, column: str) -> Part | None:
        """None for a column that is no part of one."""
        whole, _, name = column.partition(".")
        return self._parted[whole].parts()[name] if name else None

    def words(self, column: str) -> str:
        part = self.part(column)
        return part.words if part else self.named[self._plain[column]]

    def value(self, row: Any, column: str) -> Any:
        """What a row of the table holds there; of a key, what it points at."""
        whole, _, name = column.partition(".")
        return (
            getattr(row, self._parted[whole].attname, {}).get(name) if name else getattr(row, self._plain[whole], None)
        )

    def as_object(self, row: str) -> str:
        """SQL: all `columns` of a row of the table, or of its changes, as one jsonb."""
        pairs = [f"'{column}', {row}.{_at(column)}" for column in self.columns]
        # A function takes a hundred arguments.
        built = [f"jsonb_build_object({', '.join(pairs[at : at + 50])})" for at in range(0, len(pairs), 50)]
        return " || ".join(built)

    @cached_property
    def all_columns(self) -> list[str]:
        """Of the whole row as it is remembered, without its id."""
        own = {field.column for field in self.model._meta.local_concrete_fields}
        return [field.column for field in self.change._meta.local_concrete_fields if field.column in own]

    def __hash__(self) -> int:
        return hash(self.model)


def _at(column: str) -> str:
    """SQL of a column, or of a part of one."""
    whole, _, part = column.partition(".")
    return f"\"{whole}\" -> '{part}'" if part else f'"{whole}"'


@cache
def tracked() -> tuple[Tracked, ...]:
    """All of them, those first that others hang on."""
    changes: list[Any] = [model for model in apps.get_models() if issubclass(model, Change)]
    found: list[Any] = [Tracked(change.pgh_tracked_model, change, change.named) for change in changes]
    order = {model: place for place, model in enumerate(_hanging_last([of.model for of in found]))}
    return tuple(sorted(found, key=lambda of: order[of.model]))


def _hanging_last(given: list[Any]) -> list[Any]:
    """Each model after those that it points at; one that points at itself does not wait for itself."""
    placed: list[Any] = []
    while len(placed) < len(given):
        free = [
            model
            for model in given
            if model not in placed
            and all(
                field.related_model in (*placed, model) or field.related_model not in given
                for field in model._meta.local_concrete_fields
                if field.is_relation
            )
        ]
        placed += free or [model for model in given if model not in placed]
    return placed


def tracked_as(model: type[models.Model]) -> Tracked:
    """Raises LookupError for a model that is not remembered."""
    for of in tracked():
        if of.model is model:
            return of
    raise LookupError(f"Changes of {model._meta.label} are not remembered.")


def row_name(of: Tracked, was: Any) -> str:
    """What a row that was remembered is called: as `str` of the row itself would say."""
    if was is None:
        return f"a {of.model._meta.verbose_name} of long ago"
    values = {field.column: getattr(was, field.attname) for field in of.change._meta.local_concrete_fields}
    known = [field for field in of.model._meta.local_concrete_fields if field.column in of.all_columns]
    return str(of.model(pk=was.pgh_obj_id, **{field.attname: values[field.column] for field in known}))
