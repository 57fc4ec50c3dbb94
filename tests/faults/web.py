"""Gunicorn as the container runs it, and readers and API clients who note what they were answered."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.test import Client

from crm.team.models import ApiToken, User
from tests.faults.servers import free_port
from tests.faults.world import World
from tests.stage.crew import wait_until


@dataclass(frozen=True)
class Answer:
    began: float  # time.monotonic
    ended: float
    method: str
    status: int  # 599: the connection broke

    @property
    def is_error(self) -> bool:
        return self.status >= 500


class Web:
    """One server on a port of its own; `ask` and `load` speak to it as signed-in Ada and with her token."""

    def __init__(self, world: World) -> None:
        self.world, self.port = world, free_port()
        world.crew.start(
            "web", "-m", "gunicorn", "crm.config.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "1",
            "--threads", "8", DB_POOL="1", EMAIL_URL=world.email_url("smtp"),
        )  # fmt: skip
        self._numbers = itertools.count(1)

    def wait(self) -> None:
        assert wait_until(lambda: self.ask("GET", "/accounts/").status == 200, 60), self.world.crew.logs()

    def sign_in(self) -> None:
        ada = User.objects.create_user("ada@example.com", "correct horse", name="Ada", role="admin")
        client = Client()
        client.force_login(ada)
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        self.token = ApiToken.issue(ada, "write", "faults")[1]

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"} if path.startswith("/api/") else {"Cookie": self.cookie}
        began, status = time.monotonic(), 599
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            content = json.dumps(body) if body is not None else None
            connection.request(method, path, content, headers | {"Content-Type": "application/json"})
            status = connection.getresponse().status
            connection.close()
        return Answer(began, time.monotonic(), method, status)

    def create_account(self) -> Answer:
        return self.ask("POST", "/api/v1/accounts/", {"name": f"By the API {next(self._numbers)}"})

    @contextlib.contextmanager
    def load(self, pause: float = 0.05) -> Iterator[list[Answer]]:
        """Pages are read and accounts created all the time; yields the growing list of answers."""
        over, answers = threading.Event(), []

        def read() -> None:
            for path in itertools.cycle(["/accounts/", "/mail/", "/tasks/"]):
                if over.wait(pause):
                    return
                answers.append(self.ask("GET", path))

        def write() -> None:
            while not over.wait(pause):
                answers.append(self.create_account())

        threads = [threading.Thread(target=work, daemon=True) for work in (read, write)]
        for thread in threads:
            thread.start()
        try:
            yield answers
        finally:
            over.set()
            for thread in threads:
                thread.join()
