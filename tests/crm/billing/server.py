"""A server that stands for Stripe: lists of objects by pages, and invoices that are paid once for each key."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.crm.billing.objects import paid

KEY = "rk_test_12345678"


@dataclass
class Stripe:
    url: str = ""
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by path, the newest first
    page: int = 2
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of each POST
    charged: dict[str, tuple[int, Any]] = field(default_factory=dict)  # what was answered, by key
    answers: list[tuple[int, Any]] = field(default_factory=list)  # of what comes next, before the usual one
    silent: int = 0  # so many of the next POSTs are done, and never answered

    def get(self, path: str, asked: dict[str, list[str]]) -> tuple[int, Any]:
        rows = self.lists.get(path, [])
        after = asked.get("starting_after", [""])[0]
        start = next((place + 1 for place, one in enumerate(rows) if one["id"] == after), 0)
        since = int(asked.get("created[gte]", ["0"])[0])
        found = [one for one in rows[start:] if one.get("created", since) >= since]
        return 200, {"object": "list", "data": found[: self.page], "has_more": len(found) > self.page}

    def pay(self, invoice: str, key: str) -> tuple[int, Any]:
        """Once for each key, whatever is answered."""
        if key not in self.charged:
            self.charged[key] = self.answers.pop(0) if self.answers else (200, paid(id=invoice))
        return self.charged[key]


@contextmanager
def serving() -> Iterator[Stripe]:
    stands = Stripe()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = parse_qs(parts.query)
            stands.asked.append((parts.path, asked))
            self.answer(*(stands.answers.pop(0) if stands.answers else stands.get(parts.path, asked)))

        def do_POST(self) -> None:
            key = self.headers["Idempotency-Key"]
            stands.keys.append(key)
            said = stands.pay(self.path.split("/")[3], key)
            if stands.silent:
                stands.silent -= 1
                return
            self.answer(*said)

        def answer(self, status: int, said: Any) -> None:
            assert self.headers["Authorization"] == f"Bearer {KEY}"
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return "Mon, 01 Jun 2026 12:00:00 GMT"

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stands.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stands
    finally:
        server.shutdown()
        server.server_close()
