"""What whoever imports has decided, as SQL over the staging table: what may replace what, and who is whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import CharField, Field, Model, TextField

if TYPE_CHECKING:
    from crm.imports.actions.staging import Staging


def admit(rows: Staging, model: type[Model], link: str, column: str) -> None:
    """Reject rows whose `link` leads to a row that whoever imports may not see."""
    if rows.viewer is None or rows.viewer.sees_everything:
        return
    rows.reject(
        f"r.{link} IS NOT NULL AND r.{link} NOT IN ({_visible(rows, model)})", column,
        "is somebody else's customer, whom you may not change",
        "Ask their owner or an admin to import this row.",
    )  # fmt: skip


def _visible(rows: Staging, model: type[Model]) -> str:
    """A SELECT of the ids that the viewer may see, to stand inside a statement with named parameters."""
    found: Any = model._default_manager
    query = found.visible_to(rows.viewer).order_by().values("pk").query
    sql: str = connection.ops.compose_sql(*query.sql_with_params())  # type: ignore[attr-defined]
    return sql.replace("%", "%%")


def respect(rows: Staging, model: type[Model], columns: Mapping[str, str], target: str) -> None:
    """Blank what must not replace what is there, one statement for each column that somebody has decided about."""
    table = model._meta.db_table
    fields = {str(field.column): field for field in model._meta.concrete_fields}
    for name, column in columns.items():
        match rows.plan.policy(name):
            case "keep":
                rows.run(f"UPDATE import_rows SET {name} = NULL WHERE {target} IS NOT NULL AND {name} IS NOT NULL")  # noqa: S608
            case "fill":
                rows.run(
                    f"""UPDATE import_rows r SET {name} = NULL FROM {table} t
                    WHERE t.id = r.{target} AND r.{name} IS NOT NULL AND {_filled(fields, column)}"""  # noqa: S608
                )


def _filled(fields: Mapping[str, Field[Any, Any]], column: str) -> str:
    """SQL: the row `t` has a value, or one in a part of a column. Blank text and empty lists are none."""
    whole, _, part = column.partition(".")
    if part:
        return f"t.{whole} ? '{part}'"
    field = fields[column]
    if isinstance(field, ArrayField):
        return f"cardinality(t.{field.column}) > 0"
    if isinstance(field, (CharField, TextField)):
        return f"coalesce(t.{field.column}, '') <> ''"
    return f"t.{field.column} IS NOT NULL"


def alike(rows: Staging, condition: str, model: type[Model], why: str, parameters: Mapping[str, Any]) -> None:
    """Note new rows that look like somebody who is there, and do with them what was decided."""
    if rows.twins == "create" and not rows.diary:
        return  # nobody looks
    rows.run(
        "CREATE TEMP TABLE IF NOT EXISTS import_twins (line bigint PRIMARY KEY, twin bigint, other_id text, why text)"
        " ON COMMIT DROP"
    )
    seen = "TRUE" if rows.viewer is None or rows.viewer.sees_everything else f"t.id IN ({_visible(rows, model)})"
    found = rows.run(
        f"""
        INSERT INTO import_twins (line, twin, other_id, why)
        SELECT DISTINCT ON (r.line) r.line, t.id, t.external_id, %(why)s
        FROM import_rows r JOIN {model._meta.db_table} t ON {condition}
        WHERE r.target IS NULL AND {seen} ORDER BY r.line, t.external_id NULLS FIRST, t.id
        ON CONFLICT DO NOTHING
        """,  # noqa: S608
        **parameters, why=why,
    )  # fmt: skip
    if found and rows.twins == "match":
        # One row of the file for each twin, and none that goes by another id already.
        rows.run("""
            UPDATE import_rows r SET target = m.twin FROM (
                SELECT twin, min(line) AS line FROM import_twins WHERE other_id IS NULL GROUP BY twin) m
            WHERE r.line = m.line AND r.target IS NULL
                AND NOT EXISTS (SELECT 1 FROM import_rows o WHERE o.target = m.twin)""")
    if found and rows.twins != "create":
        rows.reject(
            "r.target IS NULL AND r.line IN (SELECT line FROM import_twins)", "external_id",
            f"looks like a row that is there already: {why}",
            "Give that row this id, or choose to add such rows all the same.",
        )  # fmt: skip


def twins_found(rows: Staging) -> dict[str, Any]:
    """How many new rows looked like somebody who is there, and the first of them."""
    if not rows.ids("SELECT (to_regclass('pg_temp.import_twins') IS NOT NULL)::int")[0]:
        return {"rows": 0, "first": []}
    found = rows.all("SELECT line, twin, why, other_id FROM import_twins ORDER BY line LIMIT 20")
    names = ("line", "id", "why", "other_id")
    (count,) = rows.ids("SELECT count(*) FROM import_twins")
    return {"rows": count, "first": [dict(zip(names, row, strict=True)) for row in found]}
