"""A server that stands for Stripe: lists of objects by pages, invoices that are paid once for each key, and
subscriptions that can be changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.crm.billing.objects import at, paid

KEY = "rk_test_12345678"
NOW = at("2026-06-01")


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
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    coupons: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[dict[str, str]] = field(default_factory=list)  # what each change of a subscription said

    def get(self, path: str, asked: dict[str, list[str]]) -> tuple[int, Any]:
        if (name := path.removeprefix("/v1/subscriptions/")) != path:
            found = self.subscriptions.get(name)
            return (200, found) if found else (404, {"error": {"code": "resource_missing", "message": "None such."}})
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

    def change(self, path: str, key: str, said: dict[str, str]) -> tuple[int, Any]:
        """A coupon or a subscription; once for each key, whatever is answered."""
        if key in self.charged:
            return self.charged[key]
        if self.answers:
            self.charged[key] = self.answers.pop(0)
        elif path == "/v1/coupons":
            self.charged[key] = self._coupon(said)
        else:
            self.charged[key] = 200, self._changed(self.subscriptions[path.split("/")[3]], said)
        return self.charged[key]

    def _coupon(self, said: dict[str, str]) -> tuple[int, Any]:
        if said["id"] in self.coupons:
            return 400, {"error": {"code": "resource_already_exists", "message": "There is one."}}
        self.coupons[said["id"]] = {
            "id": said["id"], "percent_off": float(said["percent_off"]), "duration": said["duration"]
        }  # fmt: skip
        return 200, self.coupons[said["id"]]

    def _changed(self, one: dict[str, Any], said: dict[str, str]) -> dict[str, Any]:
        self.told.append(said)
        if "cancel_at_period_end" in said:
            one["cancel_at_period_end"] = said["cancel_at_period_end"] == "true"
        if "cancel_at" in said:
            one["cancel_at"] = int(said["cancel_at"]) if said["cancel_at"] else None
        if "pause_collection[behavior]" in said:
            until = said.get("pause_collection[resumes_at]")
            behaviour = said["pause_collection[behavior]"]
            one["pause_collection"] = {"behavior": behaviour, "resumes_at": int(until) if until else None}
        if said.get("pause_collection") == "":
            one["pause_collection"] = None
        if any(name.startswith("discounts") for name in said):
            kept = [each for each in one.get("discounts", []) if each["id"] in said.values()]
            named = [said[name] for name in said if name.endswith("[coupon]")]
            one["discounts"] = kept + [{"id": f"di_{name}", "coupon": self.coupons[name]} for name in named]
        return dict(one)


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
            length = int(self.headers["Content-Length"] or 0)
            body = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
            path = urlsplit(self.path).path
            said = stands.pay(path.split("/")[3], key) if path.endswith("/pay") else stands.change(path, key, body)
            if stands.silent:
                stands.silent -= 1
                return
            self.answer(*said)

        def do_DELETE(self) -> None:
            one = stands.subscriptions[self.path.split("/")[3]]
            one["status"], one["ended_at"] = "canceled", NOW
            self.answer(200, one)

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
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield stands
    finally:
        server.shutdown()
        server.server_close()
