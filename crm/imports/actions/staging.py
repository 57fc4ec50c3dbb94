"""The rows of a file inside Postgres: what loaders of all kinds do with them, as SQL over whole tables."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from django.db import connection
from django.db.models import Field, JSONField, Model
from django.db.models.expressions import DatabaseDefault
from psycopg.types.json import Jsonb

from crm.accounts.models import Account, Contact
from crm.imports.actions import choices
from crm.imports.actions.noting import Diary, Marks
from crm.imports.actions.statements import Statements
from crm.imports.rules.cells import SQL_TYPES
from crm.imports.rules.plans import Plan
from crm.slots import ImportColumn, ImportCounts
from crm.team.models import User
from crm.web import clock

#: (line, column, value, reason, remedy)
Reject = tuple[int, str, str, str, str]

#: What a row may have been known by before it was merged with another: crm.accounts.models.Alias.
FORMER: Mapping[type[Model], tuple[str, ...]] = {Account: ("external_id",), Contact: ("external_id", "email")}

REJECT_COLUMNS = ("line", "column", "value", "reason", "remedy")

#: Nobody has decided anything: what a file says replaces what is there.
NO_PLAN = Plan()


class Staging(Statements):
    """The temporary table `import_rows` of one import: slots.ImportRows. `import_rejects` has what was taken out."""

    def __init__(
        self,
        cursor: Any,
        columns: Mapping[str, ImportColumn],
        now: datetime,
        before_writing: Callable[[], object],
        *,
        plan: Plan = NO_PLAN,
        viewer: User | None = None,
        marks: Marks | None = None,
        diary: Diary | None = None,
    ) -> None:
        """`viewer` None sees everything. `marks` remembers what is written, for undo; `diary` the first changes."""
        super().__init__(cursor, now)
        self.columns = list(columns)
        self.before_writing, self.writing = before_writing, False
        self.plan, self.viewer, self.twins, self.marks, self.diary = plan, viewer, plan.twins, marks, diary
        self.makes: Collection[str] = plan.makes or ()
        self.import_id = marks.import_id if marks else None
        self.brought_by = viewer.pk if viewer else None
        self.folded = 0  # rows that went into a later one
        types = ", ".join(f"{name} {SQL_TYPES.get(column.kind, 'text')}" for name, column in columns.items())
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.import_rejects, pg_temp.import_twins")
        cursor.execute(f"CREATE TEMP TABLE import_rows (line bigint, target bigint, {types}) ON COMMIT DROP")
        cursor.execute('CREATE TEMP TABLE import_rejects (line bigint, "column" text, value text, reason text,'
                       ' remedy text) ON COMMIT DROP')  # fmt: skip

    # Filling

    def add(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], rejects: Sequence[Reject]) -> None:
        """Rows are the line and then the cells of these columns in order. A blank cell is NULL."""
        text = StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        names = ", ".join(("line", *columns))
        with self.cursor.copy(f"COPY pg_temp.import_rows ({names}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getvalue())
        if not rejects:
            return
        with self.cursor.copy("COPY pg_temp.import_rejects FROM STDIN") as copy:
            for reject in rejects:
                copy.write_row(reject)

    def filled(self) -> None:
        """Postgres plans by what it knows of a table, and knows nothing of a new one."""
        self.run("ANALYZE pg_temp.import_rows")

    # What loaders use

    def link(self, column: str, model: type[Model], field: str, by: str) -> None:
        if column != "target":
            self.run(f"ALTER TABLE import_rows ADD COLUMN IF NOT EXISTS {column} bigint")
        self.run(f"UPDATE import_rows r SET {column} = m.id FROM {model._meta.db_table} m WHERE m.{field} = r.{by}")  # noqa: S608
        self._link_former(column, model, field, by, "id")

    def links(self, **columns: tuple[type[Model], str, str, str]) -> None:
        tables = {link[:3]: f"m{n}" for n, link in enumerate(dict.fromkeys(link[:3] for link in columns.values()))}
        found = "".join(f", {tables[link[:3]]}.{link[3]} AS {name}" for name, link in columns.items())
        joins = "".join(
            f" LEFT JOIN {model._meta.db_table} {m} ON {m}.{field} = r.{by}" for (model, field, by), m in tables.items()
        )
        # Written anew, which is quicker than an update of every row.
        self.run(f"CREATE TEMP TABLE import_linked ON COMMIT DROP AS SELECT r.*{found} FROM import_rows r{joins}")  # noqa: S608
        self.run("DROP TABLE import_rows")
        self.run("ALTER TABLE import_linked RENAME TO import_rows")
        self.filled()
        for name, link in columns.items():
            self._link_former(name, *link)

    def _link_former(self, column: str, model: type[Model], field: str, by: str, take: str) -> None:
        """What became part of another row is that row, and what it is called now is what the row calls it."""
        if field not in FORMER.get(model, ()):
            return
        own = f", {by} = m.{field}" if by == field else ""
        subject = model._meta.model_name
        self.run(f"""
            UPDATE import_rows r SET {column} = m.{take}{own}
            FROM crm_alias a JOIN {model._meta.db_table} m ON m.id = a.{subject}_id
            WHERE a.subject = '{subject}' AND a.kind = '{field}' AND a.value = r.{by} AND r.{column} IS NULL""")  # noqa: S608

    def reject(self, condition: str, column: str, reason: str, remedy: str, **parameters: Any) -> int:
        return self.run(
            f"""
            WITH gone AS (DELETE FROM import_rows r WHERE {condition} RETURNING r.line, r.{column}::text AS value)
            INSERT INTO import_rejects SELECT line, %(column)s, coalesce(value, ''), %(reason)s, %(remedy)s FROM gone
            """,  # noqa: S608
            **parameters, column=column, reason=reason, remedy=remedy,
        )  # fmt: skip

    def fold(self, *columns: str, unless: str = "FALSE") -> int:
        keys = ", ".join(columns)
        known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        self.run("DROP TABLE IF EXISTS pg_temp.import_doubled")
        found = self.run(
            f"""
            CREATE TEMP TABLE import_doubled ON COMMIT DROP AS SELECT {keys}, max(line) AS last FROM import_rows
            WHERE {known} GROUP BY {keys} HAVING count(*) > 1 AND NOT ({unless})
            """  # noqa: S608
        )
        if not found:
            return 0
        cells = ["target", *self.columns]
        latest = ", ".join(
            f"(array_agg(r.{cell} ORDER BY r.line DESC) FILTER (WHERE r.{cell} IS NOT NULL))[1] AS {cell}"
            for cell in cells
        )
        same = " AND ".join(f"r.{column} = d.{column}" for column in columns)
        self.run(
            f"""
            UPDATE import_rows r SET {", ".join(f"{cell} = m.{cell}" for cell in cells)}
            FROM (SELECT d.last, {latest} FROM import_rows r JOIN import_doubled d ON {same} GROUP BY d.last) m
            WHERE r.line = m.last
            """  # noqa: S608
        )
        gone = self.run(f"DELETE FROM import_rows r USING import_doubled d WHERE {same} AND r.line < d.last")  # noqa: S608
        self.folded += gone
        return gone

    def admit(self, model: type[Model], link: str, column: str) -> None:
        choices.admit(self, model, link, column)

    def respect(self, model: type[Model], columns: Mapping[str, str], *, target: str = "target") -> None:
        choices.respect(self, model, columns, target)

    def alike(self, condition: str, model: type[Model], why: str, **parameters: Any) -> None:
        choices.alike(self, condition, model, why, parameters)

    def note(self, role: str, model: type[Model], sql: str, **parameters: Any) -> None:
        if self.marks:
            mark, more = self.marks.of(model, role)
            self.run(f"WITH written (id) AS ({sql}) {mark} SELECT 1", **parameters, **more)

    def make(self, model: type[Model], sql: str, **parameters: Any) -> None:
        if self.marks:
            self.note("created", model, sql, **parameters)
        else:
            self.run(sql, **parameters)

    def begin_writing(self) -> None:
        if not self.writing:
            self.before_writing()
            self.writing = True

    def write(
        self,
        model: type[Model],
        values: Mapping[str, str],
        *,
        merge: Mapping[str, str] | None = None,
        target: str = "target",
        where: str = "TRUE",
        parameters: Mapping[str, Any] | None = None,
    ) -> ImportCounts:
        self.begin_writing()
        self.parameters = dict(parameters or {})
        changing = {column: value for column, value in values.items() if column != "id"}
        updated = self._update(model, {**changing, **(merge or {})}, target, where)
        return ImportCounts(self._insert(model, values, target, where), updated)

    def _update(self, model: type[Model], values: Mapping[str, str], target: str, where: str) -> int:
        new = {column: f"coalesce({expression}, t.{column})" for column, expression in values.items()}
        was = ", ".join(f"t.{column}" for column in new)
        differs = f"({was}) IS DISTINCT FROM ({', '.join(new.values())})"
        touched = {"updated_at": "%(now)s"} if _has(model, "updated_at") else {}
        settings = ", ".join(f"{column} = {expression}" for column, expression in (new | touched).items())
        table = model._meta.db_table
        if self.diary:
            self.diary.changes(self, model, new, target, f"({where}) AND {differs}")
        # Locked in the order of ids, as everybody does, so that nobody waits in a ring.
        return self._marked(
            model, "updated",
            f"""
            WITH locked AS MATERIALIZED (
                SELECT t.id FROM {table} t JOIN import_rows r ON t.id = r.{target}
                WHERE ({where}) AND {differs} ORDER BY t.id FOR NO KEY UPDATE OF t),
            written AS (
                UPDATE {table} t SET {settings} FROM import_rows r, locked
                WHERE t.id = locked.id AND t.id = r.{target} AND ({where}) RETURNING t.id)
            """,  # noqa: S608
        )  # fmt: skip

    def _insert(self, model: type[Model], values: Mapping[str, str], target: str, where: str) -> int:
        columns = ["id"] if "id" in values else []
        expressions = [values["id"]] if "id" in values else []
        parameters: dict[str, Any] = {}
        for field in _writable(model):
            column = str(field.column)
            default = self.now if field.default is clock.now else _default(field)
            cast = f"%({column})s::{field.db_type(connection)}"
            given = values.get(column)
            if given is None and default is None:
                continue
            columns.append(f'"{column}"')
            expressions.append(cast if given is None else given if default is None else f"coalesce({given}, {cast})")
            if default is not None:
                parameters[column] = default
        if self.diary:
            told = {column: value for column, value in values.items() if column != "id"}
            self.diary.additions(self, model, told, f"r.{target} IS NULL AND ({where})")
        return self._marked(
            model, "created",
            f"""
            WITH written AS (
                INSERT INTO {model._meta.db_table} ({", ".join(columns)}) SELECT {", ".join(expressions)}
                FROM import_rows r WHERE r.{target} IS NULL AND ({where}) ORDER BY r.line RETURNING id)
            """,  # noqa: S608
            **parameters,
        )  # fmt: skip

    def _marked(self, model: type[Model], role: str, statement: str, **parameters: Any) -> int:
        """Run what has written the rows `written`, noting which in the same statement; returns how many."""
        mark, more = self.marks.of(model, role) if self.marks else ("", {})
        return self.ids(f"{statement} {mark} SELECT count(*) FROM written", **parameters, **more)[0]  # noqa: S608

    # What is left over

    def name_columns(self, names: Mapping[str, str]) -> None:
        """Say of each reject which column of the file it is about, and of {ends_on} in its words; `names` has ours."""
        self.run('UPDATE import_rejects SET "column" = s.named FROM jsonb_each_text(%(said)s) s(ours, named)'
                 ' WHERE "column" = ours', said=Jsonb(dict(names)))  # fmt: skip
        titles = {f"title_{n}": title for n, title in enumerate(names.values())}
        for part in ("reason", "remedy"):
            told = part  # each word is put in once: a title may hold braces, too
            for ours, title in zip(names, titles, strict=True):
                told = f"replace({told}, '{{{ours}}}', %({title})s)"
            self.run(f"UPDATE import_rejects SET {part} = {told} WHERE position('{{' in {part}) > 0", **titles)  # noqa: S608

    def keep_rejects(self, import_id: int) -> None:
        """For whoever asks later."""
        self.run(
            'INSERT INTO crm_importreject (of_id, line, "column", value, reason, remedy)'
            " SELECT %(import)s, * FROM import_rejects ORDER BY line, ctid", **{"import": import_id},
        )  # fmt: skip

    def rejected(self) -> int:
        return self.ids("SELECT count(DISTINCT line) FROM import_rejects")[0]

    def rejects(self) -> Iterator[tuple[str, ...]]:
        """By line; streamed, since all rows of a large file may be among them."""
        with self.cursor.copy("COPY (SELECT * FROM import_rejects ORDER BY line, ctid) TO STDOUT") as copy:
            yield from copy.rows()


def _writable(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not (field.primary_key or field.generated)]


def _default(field: Field[Any, Any]) -> Any:
    """What a new row has in the column; None for nothing. One that Postgres knows is the same as a value."""
    default: Any = field.get_default()
    if isinstance(default, DatabaseDefault):
        default = getattr(getattr(default, "expression", None), "value", None)
    return Jsonb(default) if isinstance(field, JSONField) and default is not None else default


def _has(model: type[Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)
