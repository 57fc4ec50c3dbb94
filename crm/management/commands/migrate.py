"""manage.py migrate, which lets go of a table that others use rather than have everybody queue behind it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

from crm.web import migrating

#: A migration that wants a table for itself makes all who come after it wait, so it waits no longer than this.
PATIENCE = "2s"


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_what_is_cut_off(options["database"])
        with connections[options["database"]].cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [PATIENCE])
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise CommandError(
                "Somebody is using a table that the next migration changes, so it let go of it. The migrations before "
                "it are done. Run migrate again, in a quieter moment or with the workers stopped."
            ) from error
        finally:
            with connections[options["database"]].cursor() as cursor:
                cursor.execute("RESET lock_timeout")

    def _refuse_what_is_cut_off(self, database: str) -> None:
        if lacking := migrating.cut_off(connections[database]):
            app, name = lacking[-1]
            raise CommandError(
                f"This database has not had {app}.{lacking[0][1]}, which is part of a larger migration by now. Run "
                f"migrate once with the last version that has the file {app}/migrations/{name}.py, then with this "
                f'one; `git checkout "$(git rev-list -1 HEAD -- {app}/migrations/{name}.py)^"` gives that version. '
                "Nothing was changed."
            )
