"""What taking an act back would do, and doing it: field by field, set by set, in the order of ids.

A field goes back unless somebody changed it since. What was done and undone again does not count as a change, nor does
an act that left the field as it found it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Mod

from crm.history.models import Act, Change
from crm.history.tracking import Tracked, tracked
from crm.slots import Registry
from crm.team.models import User


class UndoError(ValueError):
    """The act cannot be undone, now or ever, and nothing was changed; the message is for the person who asked.

    An undoer raises it, or one of its own that derives from it, when its part cannot be taken back.
    """


@dataclass(frozen=True)
class Kept:
    """A field, or a whole row, that stays as it is. `because` ends a sentence: “Ben edited it since”."""

    record: str  # its name
    field: str  # words; blank: the whole row
    value: Any  # what it holds now, as JSON has it
    by: str  # who changed it since; blank: nobody did
    at: datetime | None
    because: str
    model: str = ""  # app label and name
    pk: int = 0


@dataclass(frozen=True)
class Undone:
    """What an undo did: rows that went back, and what it kept. `unnamed` were kept as well, beyond what is named."""

    reverted: int
    kept: list[Kept] = field(default_factory=list)
    unnamed: int = 0

    def __add__(self, other: Undone) -> Undone:
        return Undone(self.reverted + other.reverted, [*self.kept, *other.kept], self.unnamed + other.unnamed)


#: By the kind of an act: what columns cannot tell. Called with the act that is undone, in the transaction of the undo,
#: after its rows and columns went back. The undo of such an act can itself be undone only if “redo.” + kind is here.
undoers: Registry[Callable[[Act, User | None, datetime], Undone]] = Registry("undoer")


#: By the kind of an act: what is locked before the act's rows are, where the room's verbs lock that first. Called with
#: the act that began it, in each transaction of its undo and redo.
forelocks: Registry[Callable[[Act], object]] = Registry("lock before an undo")


#: Asked at the end of each undo and redo, in its transaction: the act that began it, whether it stands again, and now.
#: For what rooms above have said of acts of any kind.
echoes: Registry[Callable[[Act, bool, datetime], None]] = Registry("echo of an undo")


#: By the kind of an act that stays done: why. Nobody is offered to undo it.
irrevocable: Registry[str] = Registry("act that stays done")


@dataclass(frozen=True)
class Verdict:
    """About one field of one row that the act changed."""

    pk: int
    column: str
    before: Any  # what it goes back to, as JSON
    act: int | None  # the act that changed it since; None: it goes back


def touched_tables(act: Act) -> list[str]:
    """Tables of which the act changed or deleted rows, in one question."""
    one = "SELECT {place} AS place WHERE EXISTS (SELECT FROM {change} WHERE act_id = %(act)s)"
    tables = tracked()
    parts = [one.format(place=place, change=of.change._meta.db_table) for place, of in enumerate(tables)]
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(parts)} ORDER BY place", {"act": act.pk})
        return [tables[place].table for (place,) in cursor.fetchall()]


def touched(of: Tracked, act: Act, after: int, limit: int, label: str = "update") -> list[int]:
    """Ids of rows that the act changed (label update) or deleted (delete), in order, behind `after`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT pgh_obj_id FROM {of.change._meta.db_table} WHERE act_id = %s AND pgh_label = %s "  # noqa: S608
            "AND pgh_obj_id > %s ORDER BY pgh_obj_id LIMIT %s",
            [act.pk, label, after, limit],
        )
        return [row[0] for row in cursor.fetchall()]


def any_stands(changes: QuerySet[Change]) -> bool:
    """Whether one of these changes still counts: not those of an act that was undone, nor those of its undo."""
    last = Act.objects.annotate(odd=Mod("turns", 2), began=Coalesce("root", "id")).filter(odd=1, undone_at=None)
    undone = last.filter(began=Coalesce(OuterRef("act__root"), OuterRef("act")))
    return changes.filter(~Exists(undone)).exists()


def went_back(of: Tracked, act: Act, ids: Collection[int]) -> int:
    """How many of these rows an undo of the act has changed."""
    if not ids:
        return 0
    changes = of.change._default_manager.filter(act__undoes=act, pgh_obj_id__in=ids)
    return int(changes.values("pgh_obj_id").distinct().count())


def lock(of: Tracked, ids: Sequence[int]) -> set[int]:
    """Take the rows for ourselves until the end of the transaction, in the order of ids. Returns those there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {of.table} WHERE id = ANY(%s) ORDER BY id FOR UPDATE",  # noqa: S608
            [list(ids)],
        )
        return {row[0] for row in cursor.fetchall()}


def judge(of: Tracked, done: Act, ids: Sequence[int]) -> list[Verdict]:
    """What becomes of each field that the act changed in these rows, which the caller has locked.

    Fields that went back already, in an earlier slice of the same undo, are left out.
    """
    with connection.cursor() as cursor:
        chain = {"act": done.pk, "root": done.root_id or done.pk, "turns": done.turns}
        cursor.execute(_JUDGE.format(steps=steps(of)), {"ids": list(ids), **chain})
        return [Verdict(pk, column, from_json(before), act) for pk, column, before, act in cursor.fetchall()]


def from_json(text: str | None) -> Any:
    """What a jsonb holds; numbers to their last digit. Django leaves it as text."""
    return None if text is None else json.loads(text, parse_float=Decimal)


#: Behind the last change that there is: where the row stands now.
NOW = 2**63 - 1


def steps(of: Tracked) -> str:
    """A query: obj, step, act_id, column, before, after of each change of these ids since the act's first one."""
    return _STEPS.format(
        table=of.table, change=of.change._meta.db_table, now=NOW,
        was=of.as_object("was"), present=of.as_object("present"),
    )  # fmt: skip


_STEPS = """
    WITH mine AS (
        SELECT pgh_obj_id AS obj, min(pgh_id) AS first FROM {change}
        WHERE act_id = %(act)s AND pgh_obj_id = ANY(%(ids)s) GROUP BY pgh_obj_id
    ), states AS (
        SELECT was.pgh_obj_id AS obj, was.pgh_id AS step, was.act_id, {was} AS state
        FROM mine JOIN {change} was ON was.pgh_obj_id = mine.obj AND was.pgh_id >= mine.first
        UNION ALL
        SELECT present.id, {now}, NULL, {present} FROM mine JOIN {table} present ON present.id = mine.obj
    ), ordered AS (
        SELECT *, lead(state) OVER (PARTITION BY obj ORDER BY step) AS next FROM states
    )
    SELECT obj, step, act_id, field.key AS "column", field.value AS before, next -> field.key AS after
    FROM ordered CROSS JOIN LATERAL jsonb_each(state) AS field
    WHERE next IS NOT NULL AND field.value IS DISTINCT FROM next -> field.key
"""

# An act, its undo, the undo of that: one chain, which counts for nothing where its last turn is an odd one. Nor does a
# run of changes count that left the field as it had found it: its undo has nothing to write, and nobody is in its way.
_JUDGE = """
    WITH numbered AS (
        SELECT *, row_number() OVER (PARTITION BY obj, "column" ORDER BY step)
            - row_number() OVER (PARTITION BY obj, "column", act_id ORDER BY step) AS run
        FROM ({steps}) AS each
    ), steps AS (
        SELECT *, first_value(before) OVER run IS DISTINCT FROM last_value(after) OVER run AS moved FROM numbered
        WINDOW run AS (PARTITION BY obj, "column", act_id, run ORDER BY step
                       ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ), chained AS (
        SELECT steps.*, coalesce(giver.root_id, steps.act_id) AS root, coalesce(giver.turns, 0) AS turn,
            max(giver.turns) OVER (PARTITION BY obj, "column", coalesce(giver.root_id, steps.act_id)) AS turns
        FROM steps LEFT JOIN crm_act giver ON giver.id = steps.act_id
    ), counting AS (
        SELECT *, max(step) FILTER (WHERE root <> %(root)s) OVER (PARTITION BY obj, "column") AS other
        FROM chained WHERE moved AND (root = %(root)s OR coalesce(turns, 0) %% 2 = 0)
    )
    SELECT obj, "column",
        (array_agg(before ORDER BY step) FILTER (WHERE act_id = %(act)s AND step > coalesce(other, 0)))[1],
        CASE WHEN max(step) FILTER (WHERE act_id = %(act)s) < max(other)
            THEN (array_agg(act_id ORDER BY step DESC) FILTER (WHERE step = other))[1] END
    FROM counting GROUP BY obj, "column"
    HAVING bool_or(act_id = %(act)s) AND NOT bool_or(root = %(root)s AND turn > %(turns)s) ORDER BY obj, "column"
"""
