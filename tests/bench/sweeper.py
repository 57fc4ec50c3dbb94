"""A sweep in a process of its own, whose memory is looked at."""

import sys
from datetime import datetime

import django

django.setup()

from tests.bench.engine import measure_sweep  # noqa: E402  (Django first)

if __name__ == "__main__":
    measure_sweep(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
