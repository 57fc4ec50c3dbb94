"""A pytest plugin, loaded before Django's settings: embedded servers of the tests' own, in a folder of their own."""

import atexit
import contextlib
import os
import sys

from crm.config import embedded

# Tests start some hundred processes. Where Python is told to keep no bytecode, as in containers, each of them would
# compile everything anew, for longer than most of them live: theirs is kept, beside the servers.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(embedded.data_dir() / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

os.environ["HOLDFAST_TESTING"] = "1"
os.environ.setdefault("SECRET_KEY", "tests only")
os.environ.pop("EMAIL_URL", None)

_stack = contextlib.ExitStack()
if embedded.needed():
    _stack.enter_context(embedded.servers(embedded.data_dir() / "test"))
    atexit.register(_stack.close)

# Runs side by side share the servers, not what lies in them: each takes a Valkey database of its own, and a Postgres
# database named after its process.
if beside := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{1 + int(beside)}"
