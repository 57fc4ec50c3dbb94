"""A mail server of the tests' own that does as it is told."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Server(Controller):
    """Answers each phase as `answers` says; `drop` and `hang` name what happens after DATA."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.after_data = ""
        self.raw: list[bytes] = []
        self.sessions: set[int] = set()
        super().__init__(self, hostname="127.0.0.1", port=0)

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw]  # type: ignore[misc]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # the system chose it
        super()._trigger_server()

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if "MAIL" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        self.sessions.add(id(session))
        if self.after_data == "drop":
            server.transport.abort()
        if self.after_data == "hang":
            await asyncio.sleep(5)
        return "250 Taken as 1"


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    server = Server()
    server.start()
    settings.EMAIL_URL = server.url
    yield server
    server.stop()
