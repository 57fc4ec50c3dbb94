"""Taking an import back: rows that it made go, unless somebody has worked with them; then fields go back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import batched
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import CASCADE, ForeignKey, Model
from django.db.models.expressions import RawSQL

from crm import slots
from crm.history.actions import act, undo
from crm.history.models import Act, Change
from crm.history.tracking import tracked
from crm.history.undoing import Undone
from crm.imports.models import Import, ImportedRange, ImportKept
from crm.team.models import User

#: The kind of the act that loads a file.
LOADED = "import.loaded"
REMOVED = "import.removed"

#: Rows that are deleted in one statement.
BATCH = 5_000


def undo_import(made: Import, by: User | None, now: datetime) -> None:
    """All of it in one transaction, into which the caller has taken the row's lock. Raises history's UndoError.

    Rows that the import made go first, so that what they took is free again (an address, the place of the primary
    contact). What stays is listed in ImportKept. Suppressions stay: a person who opted out is not asked by an undo.
    """
    loaded = Act.objects.get(pk=made.act_id or 0)
    with transaction.atomic():
        with act(REMOVED, f"removed what “{made}” had brought", by, now, {"import": made.pk}) as removal:
            own = _take_back(made, loaded, now)
            removal.detail |= {"removed": own.removed}
        # It goes with the undo below, and cannot be undone without it.
        Act.objects.filter(pk=removal.pk).update(root=loaded, turns=1)
        undone = undo(loaded, by, now)
        _settle(made, now)
        _conclude(made, own, undone, by, now)


def when_history_undoes(loaded: Act, by: User | None, now: datetime) -> Undone:
    """For an undo that was asked for elsewhere: registered with history under LOADED."""
    made = Import.objects.select_for_update().filter(act_id=loaded.pk, state=Import.State.DONE).first()
    if made is None or Act.objects.filter(kind=REMOVED, root=loaded).exists():
        return Undone(0)  # ours, which has done it before
    own = _take_back(made, loaded, now)
    _settle(made, now)
    _conclude(made, own, Undone(0), by, now)
    return Undone(own.removed + own.reverted)


def _take_back(made: Import, loaded: Act, now: datetime) -> slots.ImportUndone:
    """Rows that it made, and what its kind undoes itself. No other file is read meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({slots.FILES_LOCK})")
    kind = slots.import_kinds[made.kind]
    own = kind.undo(made.pk, now) if kind.undo else slots.ImportUndone(
        remove_created(made, loaded, (*kind.homes, *kind.tables)), 0, "",
    )  # fmt: skip
    remove_created(made, loaded, kind.besides, told=False)
    return own


def _conclude(made: Import, own: slots.ImportUndone, undone: Undone, by: User | None, now: datetime) -> None:
    ImportKept.objects.bulk_create(
        [
            ImportKept(of=made, table=own.table, row_id=pk, name=name[:300], reason=reason)
            for pk, name, reason in own.kept
        ],
        batch_size=1000,
    )
    ImportKept.objects.bulk_create(
        [
            ImportKept(of=made, table=kept.model, row_id=kept.pk, name=kept.record[:300], field=kept.field[:80],
                       reason=kept.because)
            for kept in undone.kept
        ],
        batch_size=1000,
    )  # fmt: skip
    made.report |= {
        "removed": own.removed, "reverted": own.reverted + undone.reverted,
        "kept_unnamed": own.unnamed + undone.unnamed,
    }  # fmt: skip
    made.state, made.undone_at, made.undone_by = Import.State.UNDONE, now, by
    made.job = Import.Job.NONE
    made.save()


def _settle(made: Import, now: datetime) -> None:
    kind = slots.import_kinds[made.kind]
    if kind.settle:
        for batch in batched(_ids(made, ImportedRange.Role.TOUCHED), BATCH, strict=False):
            kind.settle(batch, now)


def _ids(made: Import, role: str) -> Iterator[int]:
    for stretch in made.ranges.filter(role=role).order_by("first").iterator():
        yield from range(stretch.first, stretch.last + 1)


# Rows that the import made


def remove_created(made: Import, loaded: Act, tables: Sequence[str], *, told: bool = True) -> int:
    """Delete them, those that hang on others first, and list those that somebody has worked with since."""
    removed = 0
    for table in reversed(tables):
        model = apps.get_model(table)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.undo_rows, pg_temp.undo_held")
            cursor.execute(_ROWS.format(table=model._meta.db_table), {"import": made.pk, "label": table})
            cursor.execute("ANALYZE pg_temp.undo_rows")
            for sql, parameters in _holds(model, loaded):
                cursor.execute(f"INSERT INTO undo_held {sql}", parameters)
            if told:
                _list_kept(cursor, made, model)
            removed += _delete(cursor, model)
    return removed


# Locked, so that nobody begins to work with a row while it is looked at: a new key to it waits, and then finds nothing.
_ROWS = """
    CREATE TEMP TABLE undo_rows ON COMMIT DROP AS SELECT t.id FROM {table} t WHERE t.id IN (
        SELECT s.id FROM crm_importedrange i JOIN {table} s ON s.id BETWEEN i.first AND i.last
        WHERE i.of_id = %(import)s AND i."table" = %(label)s AND i.role = 'created')
    ORDER BY t.id FOR UPDATE OF t;
    ALTER TABLE undo_rows ADD PRIMARY KEY (id);
    CREATE TEMP TABLE undo_held (id bigint, reason text) ON COMMIT DROP
"""


def _holds(model: type[Model], loaded: Act) -> Iterator[tuple[str, dict[str, Any]]]:
    """Why rows stay: queries of ids and reasons, with their parameters."""
    for of in tracked():
        if of.model is model:
            yield _EDITED.format(change=of.change._meta.db_table), {"act": loaded.pk}
    for other, key in _pointing_at(model):
        one, many = _noun(other, key)
        yield _POINTED.format(table=other._meta.db_table, key=key.column), {"one": one, "many": many}


# By whom last; an act of no person says what did it. What was undone itself is nobody's edit, nor is its undo.
_EDITED = """
    SELECT DISTINCT ON (c.pgh_obj_id) c.pgh_obj_id AS id, coalesce(nullif(u.name, ''), u.email, CASE a.door
        WHEN 'import' THEN 'another import' WHEN 'workflow' THEN 'a workflow' WHEN 'command' THEN 'a command'
        ELSE 'somebody' END) || ' edited it since' AS reason
    FROM {change} c JOIN undo_rows r ON r.id = c.pgh_obj_id LEFT JOIN crm_act a ON a.id = c.act_id
    LEFT JOIN crm_user u ON u.id = a.by_id
    WHERE c.act_id IS DISTINCT FROM %(act)s AND c.pgh_label = 'update'
        AND (a.id IS NULL OR a.undone_at IS NULL AND a.turns %% 2 = 0) ORDER BY c.pgh_obj_id, c.pgh_id DESC
"""

_POINTED = """
    SELECT t.{key} AS id, 'it has ' || CASE count(*) WHEN 1 THEN 'one ' || %(one)s ELSE count(*) || ' ' || %(many)s END
    FROM {table} t JOIN undo_rows r ON r.id = t.{key} GROUP BY t.{key}
"""


def _pointing_at(model: type[Model]) -> Iterator[tuple[type[Model], ForeignKey[Any, Any]]]:
    """Keys to the model whose rows are a reason to keep what they point at."""
    for other in apps.get_models(include_auto_created=True):
        if issubclass(other, Change) or other._meta.label in slots.undone_along:
            continue
        for field in other._meta.local_concrete_fields:
            if isinstance(field, ForeignKey) and field.related_model is model and getattr(field, "db_constraint", True):
                yield other, field


def _noun(other: type[Model], key: ForeignKey[Any, Any]) -> tuple[str, str]:
    """“task” and “tasks”, in the words of who knows the table."""
    for owned in slots.owned_rows:
        if owned.model == other._meta.label and owned.field == key.name and owned.label and owned.label[0]:
            return owned.label
    return str(other._meta.verbose_name), str(other._meta.verbose_name_plural)


def _list_kept(cursor: Any, made: Import, model: type[Model]) -> None:
    cursor.execute(
        "SELECT id, string_agg(DISTINCT reason, ', and ' ORDER BY reason) FROM undo_held GROUP BY id ORDER BY id"
    )
    while found := cursor.fetchmany(1000):
        rows = model._default_manager.in_bulk([pk for pk, _ in found])
        ImportKept.objects.bulk_create(
            [
                ImportKept(of=made, table=model._meta.label, row_id=pk, name=str(rows[pk])[:300], reason=reason)
                for pk, reason in found
            ]
        )


def _delete(cursor: Any, model: type[Model]) -> int:
    """Those that nothing holds, with the machinery that had begun for them."""
    cursor.execute("DELETE FROM undo_rows r USING undo_held h WHERE h.id = r.id")
    _take_along(model)
    removed, after = 0, 0
    with _keys_checked_at_once(cursor, model):
        while True:
            # Walked by their order, so that no batch looks at what others have done with.
            cursor.execute(_BATCH.format(table=model._meta.db_table), {"after": after, "batch": BATCH})
            count, last = cursor.fetchone()
            if not count:
                return removed
            removed, after = removed + count, last


_BATCH = """
    WITH batch AS MATERIALIZED (SELECT id FROM undo_rows WHERE id > %(after)s ORDER BY id LIMIT %(batch)s),
        gone AS (DELETE FROM {table} t USING batch WHERE t.id = batch.id)
    SELECT count(*), max(id) FROM batch
"""


@contextmanager
def _keys_checked_at_once(cursor: Any, model: type[Model]) -> Iterator[None]:
    """Postgres asks each key to the model for each row that goes: here with each statement, not all at the commit.

    The queue of what is still to be asked lies in its memory, some forty for an account, and every savepoint that comes
    later, as when fields go back one by one, walks all of it. Nothing points at these rows any more. Other checks that
    wait, wait on: what is derived goes before its account, and its own check must not look for that yet.
    """
    cursor.execute(_KEYS, [model._meta.db_table])
    (keys,) = cursor.fetchone()
    if not keys:
        yield
        return
    cursor.execute(f"SET CONSTRAINTS {keys} IMMEDIATE")
    yield
    cursor.execute(f"SET CONSTRAINTS {keys} DEFERRED")  # an error takes the setting back with the savepoint


_KEYS = """
    SELECT string_agg(quote_ident(conname), ', ') FROM pg_constraint
    WHERE contype = 'f' AND condeferred AND confrelid = %s::regclass
"""


def _take_along(model: type[Model]) -> None:
    for label in slots.undone_along:
        other = apps.get_model(label)
        for field in other._meta.local_concrete_fields:
            if isinstance(field, ForeignKey) and field.related_model is model:
                going = RawSQL("SELECT id FROM undo_rows", [])
                rows = other._default_manager.filter(**{f"{field.attname}__in": going})
                if field.remote_field.on_delete is not CASCADE:
                    rows.update(**{field.attname: None})
                # With what hangs on them in turn, which is collected in memory.
                while found := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
                    other._default_manager.filter(pk__in=found).delete()
