"""A real gunicorn as the Dockerfile starts it, and one client that keeps its connection."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import redis
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.test import Client

from tests.bench.population import Population

#: One worker, so that what is warm is what is asked; the threads and timeouts of the Dockerfile.
_GUNICORN = ["--workers", "1", "--threads", "8", "--timeout", "60", "--keep-alive", "60", "--log-level", "warning"]


@dataclass
class Site:
    """A running server and whoever is signed in to it."""

    port: int
    cookie: str
    connection: http.client.HTTPConnection

    def get(self, path: str) -> tuple[float, bytes]:
        """Milliseconds from the request to the last byte, and the answer, which must be 200."""
        passed, status, body = self._timed(path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}: {body[:300]!r}")
        return passed, body

    def asked(self, path: str) -> tuple[float, int]:
        """Milliseconds, and the status whatever it is."""
        passed, status, _ = self._timed(path)
        return passed, status

    def _timed(self, path: str) -> tuple[float, int, bytes]:
        started = time.perf_counter()
        self.connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        body = answer.read()
        return (time.perf_counter() - started) * 1000, answer.status, body


def signed_in(viewer: int = 1) -> Client:
    """A client in this process, signed in as the colleague who looks at the pages."""
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(get_user_model().objects.get(pk=viewer))
    assert client.session[SESSION_KEY] == str(viewer)
    return client


def cookie_of(viewer: int = 1) -> str:
    """What a browser of theirs would send."""
    return f"{settings.SESSION_COOKIE_NAME}={signed_in(viewer).cookies[settings.SESSION_COOKIE_NAME].value}"


@contextmanager
def serving(population: Population) -> Iterator[Site]:
    """The population's pages on a port of their own. Call it while the population is entered."""
    cookie, port = cookie_of(), _free_port()
    command = [sys.executable, "-m", "gunicorn", "tests.bench.wsgi", "--bind", f"127.0.0.1:{port}", *_GUNICORN]
    environment = os.environ | {
        "DATABASE_URL": address_of(population.database), "DB_POOL": "1", "BASE_URL": f"http://127.0.0.1:{port}",
        "DEBUG": "", "LOG_LEVEL": "WARNING", "ALLOWED_HOSTS": "127.0.0.1", "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings", "HOLDFAST_CLOCK_FILE": "",
    }  # fmt: skip
    server = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR, stdout=sys.stderr)
    try:
        _wait_for(server, port)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.connect()
            # Else the kernel holds the second part of an answer back until the first is acknowledged.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield Site(port, cookie, connection)
    finally:
        server.terminate()
        server.wait(30)


def forget_figures() -> None:
    """Empty the bench's own part of the cache."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    for key in client.scan_iter(match="holdfast-bench:*"):
        client.delete(key)


def address_of(database: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError("gunicorn did not start; what it said is above")
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10):
            return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not answer within 30 seconds")
