"""Files of the population's own rows, imported by the command into an empty database, beside a bare COPY of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tests.bench import database
from tests.bench.figures import Figure
from tests.bench.population import Population, say
from tests.bench.server import address_of

_DATABASE = f"{database.PREFIX}import"
#: Kind → the rows of the file, by the columns of the import.
_FILES = {
    "accounts": "SELECT external_id, name, kind, domain, industry, country, signed_up_on, primary_use_case, "
    "array_to_string(tags, ',') AS tags FROM crm_account ORDER BY id",
    "contacts": "SELECT 'person-' || c.id AS external_id, a.external_id AS account_external_id, first_name, last_name, "
    "email, title, email_consent FROM crm_contact c JOIN crm_account a ON a.id = c.account_id ORDER BY c.id",
    "usage": "SELECT a.external_id AS account_external_id, c.email AS contact_email, 'exports' AS feature, "
    "(a.signed_up_on + (c.id % 29)::int)::text AS occurred_at, 1 + c.id % 9 AS count "
    "FROM crm_contact c JOIN crm_account a ON a.id = c.account_id ORDER BY c.id LIMIT %(accounts)s",
    "contracts": "SELECT 'contract-' || c.id AS external_id, a.external_id AS account_external_id, c.plan, "
    "t.starts_on, t.ends_on, t.mrr, c.currency FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id "
    "JOIN crm_account a ON a.id = c.account_id ORDER BY t.id",
    # With the contracts five for each account, as a business of two years has them.
    "payments": "SELECT 'payment-' || c.id || '-' || n AS external_id, 'contract-' || c.id AS contract_external_id, "
    "(c.created_at::date + n::int)::text AS paid_at, 100 + c.id % 900 AS amount, c.currency "
    "FROM crm_contract c CROSS JOIN generate_series(1, "
    "(5 * %(accounts)s - (SELECT count(*) FROM crm_contractterm)) / (SELECT count(*) FROM crm_contract)) AS n "
    "ORDER BY n, c.id",
}


def measure(population: Population) -> list[Figure]:
    """Rows a second of each kind."""
    return [figure for figure in measured(population) if figure.key.startswith("import.")]


@cache
def measured(population: Population) -> list[Figure]:
    """Also the memory of each import; once in a run."""
    with tempfile.TemporaryDirectory() as folder:
        files = {kind: Path(folder) / f"{kind}.csv" for kind in _FILES}
        with population.entered():
            for kind, path in files.items():
                _write(path, _FILES[kind].replace("%(accounts)s", str(population.accounts)))
        database.drop(_DATABASE)
        database.create(_DATABASE)
        try:
            with database.using(_DATABASE):
                call_command("migrate", verbosity=0)
                return [figure for kind, path in files.items() for figure in _imported(kind, path)]
        finally:
            database.drop(_DATABASE)


def _write(path: Path, query: str) -> None:
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"
    with connection.cursor() as cursor, path.open("wb") as file, cursor.copy(statement) as copy:
        file.writelines(copy)


def _imported(kind: str, path: Path) -> Iterator[Figure]:
    with path.open("rb") as file:
        rows = sum(1 for _ in file) - 1
    floor = _copied(kind, path)
    seconds, megabytes = peak([sys.executable, "manage.py", "import_csv", kind, str(path), "--json"])
    say(f"  {kind}: {rows:,} rows in {seconds:.1f} s, COPY {floor:.1f} s, {megabytes:.0f} MB")
    sizes = f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB"
    yield Figure(f"import.{kind}", f"import of {kind}", rows / seconds, rows / floor, "rows/s", sizes)
    yield Figure(f"memory.import.{kind}", f"import of {kind}, peak", megabytes, None, "MB", sizes)


def _copied(kind: str, path: Path) -> float:
    parts = (Path(__file__).parent / "floors" / "imports.sql").read_text().split("-- panel: ")[1:]
    tables = dict(part.split("\n", 1) for part in parts)
    with connection.cursor() as cursor:
        cursor.execute(tables[kind])
        started = time.perf_counter()
        with path.open("rb") as file:
            columns = file.readline().decode().strip()
            with cursor.copy(f"COPY floor_{kind} ({columns}) FROM STDIN (FORMAT csv)") as copy:
                while block := file.read(1 << 16):
                    copy.write(block)
        passed = time.perf_counter() - started
        cursor.execute(f"DROP TABLE floor_{kind}")
    return passed


def environment() -> dict[str, str]:
    """Of a process on the current database."""
    own = {"DATABASE_URL": address_of(connection.settings_dict["NAME"]), "DB_POOL": "", "LOG_LEVEL": "WARNING",
           "SECRET_KEY": settings.SECRET_KEY, "DJANGO_SETTINGS_MODULE": "crm.config.settings"}  # fmt: skip
    return os.environ | own


def peak(command: list[str]) -> tuple[float, float]:
    """Seconds of a process on the current database, and the most memory it held, in MB. Raises RuntimeError."""
    started, most = time.perf_counter(), 0
    with subprocess.Popen(command, env=environment(), cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, _held(process.pid))
            time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}; what it said is above")
    return time.perf_counter() - started, most / 1024


def _held(pid: int) -> int:
    """The most memory the process has held, in KiB. What wait4 says would count this process, which started it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0  # it has just ended
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
