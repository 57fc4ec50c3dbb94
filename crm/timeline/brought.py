"""Rows that a file brought, each with a key that names its import, and their taking back with what was told of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db import connection

from crm.slots import ImportUndone
from crm.timeline.models import TimelineEntry

#: Of the stretch in a state that a file brought.
BECAUSE = "imported from a file"
#: Named among what an undo keeps, and rows that go in one statement.
_NAMED, _BATCH = 1000, 2000


def key_of(import_id: int | None) -> str:
    """How the keys of an import's rows begin."""
    return f"import:{import_id or 0}:"


@dataclass(frozen=True)
class Brought:
    """Rows of one table, with a `key`. In SQL the row is `t`."""

    model: Any
    title: str  # SQL: what people call it
    worked: str  # SQL: whether somebody has worked with it since; %(because)s is BECAUSE
    told: tuple[str, ...]  # what the timeline was told of each, under “ticket.imported:7:ticket.opened”

    def undo(self, import_id: int) -> ImportUndone:
        """Those that nobody has worked with since go, with all that the file said of them; the others are named."""
        found = self._locked(import_id)
        gone = [pk for pk, _, worked in found if not worked]
        kept = [(pk, title, "somebody has worked with it since") for pk, title, worked in found if worked]
        name = self.model._meta.model_name
        for batch in batched(gone, _BATCH, strict=False):
            keys = [f"{name}.imported:{pk}:{name}.{what}" for pk in batch for what in self.told]
            TimelineEntry.objects.filter(key__in=keys).delete()
            self.model.objects.filter(pk__in=batch).delete()
        return ImportUndone(len(gone), 0, self.model._meta.label, kept[:_NAMED], len(kept[_NAMED:]))

    def _locked(self, import_id: int) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.id, {self.title}, ({self.worked}) FROM {self.model._meta.db_table} t"  # noqa: S608
                " WHERE t.key LIKE %(key)s ORDER BY t.id FOR UPDATE OF t",
                {"key": f"{key_of(import_id)}%", "because": BECAUSE},
            )
            return list(cursor.fetchall())
