"""A mail server that keeps what it takes, and the three ways to let a simulated time pass."""

from __future__ import annotations

import email
import email.policy
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller


@dataclass
class Letter:
    to: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def at(self) -> datetime:
        """When the sender's clock says that it left."""
        return parsedate_to_datetime(str(self.message["Date"])).astimezone(UTC)


@dataclass
class Letterbox:
    letters: list[Letter] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        self.letters += [Letter(to, message) for to in envelope.rcpt_tos]  # type: ignore[arg-type]
        return "250 taken"


class AnyPort(Controller):
    """An SMTP server on whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@pytest.fixture
def letterbox(settings: Any) -> Iterator[Letterbox]:
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # it notes every line of every conversation
    box = Letterbox()
    server = AnyPort(box, hostname="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
    yield box
    server.stop()
