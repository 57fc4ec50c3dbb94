"""What migrations use: indexes that are built beside everybody's work."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connections

_STANDING = """
    SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relname = %s AND pg_table_is_visible(c.oid)
"""


class AddIndexBeside(AddIndexConcurrently):
    """Build an index while others read and write the table; the migration is not atomic.

    It may be run again: what an earlier run left half built goes first, and what stands already stays. It waits for
    transactions that are older than itself as long as they last, since nobody waits behind it.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._ensure_not_in_transaction(schema_editor)
        name = schema_editor.quote_name(self.index.name)
        with connections[schema_editor.connection.alias].cursor() as cursor:
            cursor.execute(_STANDING, [self.index.name])
            standing = cursor.fetchone()
            if standing == (True,):
                return
            cursor.execute("SHOW lock_timeout")
            (patience,) = cursor.fetchone()
            cursor.execute("SET lock_timeout = 0")
            try:
                if standing:
                    cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
                super().database_forwards(app_label, schema_editor, from_state, to_state)
            finally:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [patience])
