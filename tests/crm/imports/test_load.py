"""How quick an import is, and how little memory it takes. Rows by HOLDFAST_IMPORT_ROWS, a million by default."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROWS = int(os.environ.get("HOLDFAST_IMPORT_ROWS", "1000000"))

#: The budget of DESIGN section 8.
MOST_MEMORY_MB = 400

_IMPORT = """
import json, resource, sys, time
import django
django.setup()
from pathlib import Path
from crm.imports.actions import import_file
from crm.web import clock
started = time.monotonic()
report = import_file(sys.argv[1], Path(sys.argv[2]), now=clock.now())
print(json.dumps({"created": report.created, "updated": report.updated, "skipped": report.skipped,
    "rejected": report.rejected, "seconds": time.monotonic() - started,
    "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def run(kind: str, path: Path) -> dict[str, float]:
    """Import in a process of its own, so that its memory is its own."""
    wanted = connection.settings_dict
    url = f"postgresql:///{wanted['NAME']}"
    host = connection.get_connection_params().get("host", "")
    user = connection.get_connection_params().get("user", "")
    environment = os.environ | {
        "DATABASE_URL": f"{url}?host={host}&user={user}", "DJANGO_SETTINGS_MODULE": "crm.config.settings",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, kind, str(path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    print(f"{kind}: {ROWS / result['seconds']:,.0f} rows/s, {result['mb']:.0f} MB", result, file=sys.stderr)  # noqa: T201
    return result


@pytest.mark.long
@pytest.mark.real_time
@pytest.mark.django_db(transaction=True)
def test_a_large_file_stays_small_in_memory(tmp_path, pytestconfig):
    if "long" not in pytestconfig.getoption("markexpr"):
        pytest.skip("takes minutes: run it with -m long")
    files = {
        "accounts": (
            "external_id,name,kind,domain,industry,country,signed_up_on,primary_use_case,tags\n",
            lambda n: f"a{n},Account {n},company,a{n}.example,Logistics,DE,2025-03-{n % 28 + 1:02},Reports,pilot\n",
        ),
        "contacts": (
            "external_id,account_external_id,first_name,last_name,email,timezone,email_consent,is_primary\n",
            lambda n: f"c{n},a{n},Anna,Nr {n},p{n}@a{n}.example,Europe/Berlin,yes,yes\n",
        ),
        "contracts": (
            "external_id,account_external_id,plan,starts_on,ends_on,mrr,currency,auto_renew,status\n",
            lambda n: f"k{n},a{n},Team,2026-01-{n % 28 + 1:02},2030-01-01,{n % 900}.50,EUR,yes,paid\n",
        ),
        "usage": (
            "account_external_id,contact_email,feature,occurred_at,count\n",
            lambda n: f"a{n},p{n}@a{n}.example,exports,2026-05-{n % 28 + 1:02}T10:00:00Z,3\n",
        ),
    }
    for kind, (header, line) in files.items():
        path = tmp_path / f"{kind}.csv"
        with path.open("w") as file:
            file.write(header)
            file.writelines(line(number) for number in range(ROWS))
        first, again = run(kind, path), run(kind, path)
        assert (first["created"], first["rejected"]) == (ROWS, 0)
        assert (again["created"], again["updated"], again["skipped"]) == (0, 0, ROWS)
        assert max(first["mb"], again["mb"]) < MOST_MEMORY_MB
