"""A provider with idempotency keys, as the fault tests play one. `open_channel` knows it with HOLDFAST_TESTING only."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from typing import Self

import requests

from crm.outbox.channels import TIMEOUT, Accepted, Outcome, Refused, Unknown
from crm.outbox.channels.provider import never_connected
from crm.outbox.mime import Envelope


class Listener:
    """POSTs a message as {key, to, message_id, subject}: 2xx took it, 5xx and 429 ask to try again."""

    idempotent_for: timedelta | None = timedelta(hours=24)

    def __init__(self, url: str) -> None:
        self.url, self._session = url, requests.Session()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def send(self, envelope: Envelope) -> Outcome:
        message = {"key": envelope.key, "to": envelope.to_address, "message_id": envelope.message_id,
                   "subject": envelope.subject}  # fmt: skip
        try:
            headers = {"Idempotency-Key": envelope.key, "Connection": "close"}
            answer = self._session.post(self.url, json=message, headers=headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            if never_connected(error):
                return Refused(True, f"Nobody listens: {error}", unreachable=True)
            return Unknown(f"The request was written, but no answer came: {error}")
        if answer.ok:
            return Accepted(answer.text[:200])
        return Refused(answer.status_code >= 500 or answer.status_code == 429, f"The answer was {answer.status_code}.")
