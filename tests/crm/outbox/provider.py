"""A server that stands for Telegram, Meta and the bridges: it keeps what it got, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.crm.inbox.chats import SECRET, SETTINGS

#: Instead of a status: the connection ends without an answer.
SILENCE = 0


class Cut(bytes):
    """An answer of which the last byte never comes."""


@dataclass(frozen=True)
class Got:
    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Provider:
    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)  # before the usual one

    def usual(self, path: str) -> Any:
        number = len(self.got)
        if path.endswith("/getMe"):
            return {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Us", "username": "holdfast_bot"}}
        if path.startswith("/bot"):
            return {"ok": True, "result": {"message_id": number, "date": 0, "chat": {"id": 4242, "type": "private"}}}
        if path.startswith("/777"):
            return {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.out{number}"}]}
        if path.startswith("/900"):
            return {"recipient_id": "555", "message_id": f"mid.out{number}"}
        return {}


@contextmanager
def provider() -> Iterator[Provider]:
    stands = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stands.got.append(
                Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body, self.command)
            )
            status, said = stands.answers.pop(0) if stands.answers else (200, stands.usual(self.path))
            self.close_connection = True
            if status == SILENCE:
                return
            answer = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "image/jpeg" if isinstance(said, bytes) else "application/json")
            self.send_header("Content-Length", str(len(answer) + isinstance(said, Cut)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_GET = do_HEAD = do_POST

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    stands.url = f"http://127.0.0.1:{server.server_port}"
    yield stands
    server.shutdown()
    server.server_close()


def point_at(settings: Any, stands: Provider) -> None:
    """All our accounts are there."""
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    settings.TELEGRAM_API_URL = settings.WHATSAPP_API_URL = settings.INSTAGRAM_API_URL = stands.url
    settings.BRIDGES = f"linkedin?secret={SECRET}&url={stands.url}/out"
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
