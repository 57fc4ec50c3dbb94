"""A pytest plugin, loaded before Django's settings: embedded servers of the tests' own, in a folder of their own."""

import atexit
import contextlib
import os

from crm.config import embedded

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
