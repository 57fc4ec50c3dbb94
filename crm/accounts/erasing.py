"""A person leaves the papers of their customers: hand-offs, goals and names of files say no longer who it was."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.fields.known import every
from crm.slots import Person, traces
from crm.timeline.erasing import known_by, naming, without

#: Table → its column that names the customer, and texts that people write, each with the most it can hold.
_OF_ACCOUNTS = {"goal": 300, "primary_use_case": 200, "expected_benefit": 200}
_TEXTS = {
    "crm_handoff": ("account_id", {"goals": 0, "roadblocks": 0, "decision_makers": 0, "promised": 0}),
    "crm_account": ("id", _OF_ACCOUNTS),
    "crm_accountchange": ("pgh_obj_id", _OF_ACCOUNTS),  # behind it: history has just remembered what was there
    "crm_accountfile": ("account_id", {"name": 200}),
}


def _statement(table: str) -> str:
    key, columns = _TEXTS[table]
    new = ", ".join(
        f"{name} = {f'left({without(name)}, {most})' if most else without(name)}" for name, most in columns.items()
    )
    named = " OR ".join(naming(name) for name in columns)
    return f"UPDATE {table} SET {new} WHERE {key} = ANY(%(accounts)s) AND ({named})"  # noqa: S608  (columns of ours)


#: Words in fields that admins have made: only in those that people write into, and never in a key.
_OWN = f"""
    UPDATE {{table}} t SET custom = (
        SELECT jsonb_object_agg(key, CASE WHEN key = ANY(%(written)s) THEN to_jsonb({without("value #>> '{}'")})
            ELSE value END) FROM jsonb_each(t.custom))
    WHERE {{key}} = ANY(%(accounts)s) AND {naming("custom::text")}
"""  # noqa: S608  (columns of ours)
_WRITTEN = frozenset({"text", "long", "url", "email", "phone"})


def forget_in_papers(person: Person, now: datetime) -> None:
    """What is inside a file only people can see: the dialog of an erasure says so."""
    written = [of.key for of in every("account") if of.type in _WRITTEN]
    with connection.cursor() as cursor:
        for table in _TEXTS:
            cursor.execute(_statement(table), known_by(person))
        for table, key in {"crm_account": "id", "crm_accountchange": "pgh_obj_id"}.items():
            statement = _OWN.replace("{table}", table).replace("{key}", key)
            cursor.execute(statement, known_by(person) | {"written": written})


def register_traces() -> None:
    """What the room's slots give to erasures."""
    traces.register("papers", forget_in_papers)
