"""The other side: a mail server that keeps its own list of what it took, and does as it is told."""

from __future__ import annotations

import email
import email.policy
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from aiosmtpd.controller import Controller


@dataclass(frozen=True)
class Letter:
    """A mail as it was taken; `at` is when it left by the sender's clock."""

    to: str
    message_id: str
    at: datetime
    text: str


class Receiver(Controller):
    """`manner`: take | drop (takes the mail and hangs up without an answer) | refuse (for now) | forbid (for good)."""

    def __init__(self) -> None:
        self.manner = "take"
        self.letters: list[Letter] = []
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        super().__init__(self, hostname="127.0.0.1", port=0)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.manner == "refuse":
            return "451 Not now"
        if self.manner == "forbid":
            return "554 Not this"
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        at = parsedate_to_datetime(str(mail["Date"])).astimezone(UTC)
        for to in envelope.rcpt_tos:
            self.letters.append(Letter(to, str(mail["Message-ID"]), at, str(mail["Subject"])))
        if self.manner == "drop":
            server.transport.abort()
        return "250 taken"
