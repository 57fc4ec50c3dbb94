"""A rehearsal in a process of its own, whose time and memory are looked at."""

import json
import sys
from datetime import datetime

import django

django.setup()

from crm.web import clock, garbage  # noqa: E402  (Django first)
from retention.workflows.rehearsal import actions  # noqa: E402
from tests.bench.rehearsing import asked  # noqa: E402

if __name__ == "__main__":
    garbage.look_seldom()  # as workers do
    with clock.travelling(datetime.fromisoformat(sys.argv[1])):
        rehearsal = asked(clock.now())
        actions.run(clock.now())
        rehearsal.refresh_from_db()
    if rehearsal.state != "done":
        raise SystemExit(f"{rehearsal.state}: {rehearsal.error}")
    sys.stderr.write(json.dumps({name: rehearsal.result[name] for name in ("entered", "stops", "seconds")}))
