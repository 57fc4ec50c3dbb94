"""One worker of the engine's bench, a process of its own: says that it is ready, waits for a word, and works."""

import sys
from datetime import datetime
from importlib import import_module

import django
from django.db import connection

from crm.web import garbage

if __name__ == "__main__":
    django.setup()
    garbage.look_seldom()  # as workers do
    work = import_module("tests.bench.engine").work  # its tables can be named only now
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(f"{work(sys.argv[1], datetime.fromisoformat(sys.argv[2]))}\n")
    sys.stdout.flush()
