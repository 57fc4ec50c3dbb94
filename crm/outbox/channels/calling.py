"""What ways out by HTTP share: a call to a provider, and what it means that it failed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from crm.outbox.channels import Outcome, Refused, Unknown
from crm.outbox.mime import Attachment, Envelope, clean
from crm.web import outgoing
from crm.web.outgoing import Answer

#: Bytes of a file: what goes through within the time that a call may take.
LARGEST_FILE = 5 * 1024 * 1024

#: The longest that we let a provider put us off.
_LONGEST_REST = timedelta(hours=6)


class Caller:
    """A channel without a connection to keep."""

    name: str
    idempotent_for: timedelta | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def post(self, url: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer | Outcome:
        """The provider's answer to a JSON body, or to bytes as they are; else what became of the message."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            return outgoing.call("POST", url, raw, sent)
        except outgoing.NotSent as error:  # also what may not be called: nothing says that of the message itself
            return Refused(True, f"{self.name} cannot be reached: {error}", unreachable=True)
        except outgoing.NoAnswer as error:
            return Unknown(f"{self.name} got the message but gave no answer: {error}")

    def failed(self, answer: Answer, said: str) -> Outcome:
        """What an answer means that the channel knows nothing better of; `said` is the provider's own word."""
        words = f"{self.name} answered {answer.status}: {said or 'nothing'}"
        if answer.status in (408, 429, 503):
            return Refused(True, words, rest=rest(answer.headers.get("retry-after")))
        if answer.status >= 500 or answer.ok:
            return Unknown(words)
        return Refused(False, words)


def rest(seconds: Any) -> timedelta:
    """How long we are asked to wait; nothing for what is no number of seconds."""
    try:
        return min(timedelta(seconds=max(0, int(seconds))), _LONGEST_REST)
    except (TypeError, ValueError, OverflowError):
        return timedelta(0)


def only_file(envelope: Envelope, longest: int, length: int, name: str) -> tuple[Attachment, bytes] | Refused:
    """The one file of a message with a text of this length beside it, and its bytes; or why it cannot leave so."""
    file = envelope.files[0]
    if len(envelope.files) > 1 or length > longest:
        return Refused(False, f"{name} takes one file with up to {longest:,} characters beside it.")
    try:
        content = file.content()
    except ValueError as error:
        return Refused(False, str(error))
    if len(content) > LARGEST_FILE:
        return Refused(False, f"{file.name} is larger than {LARGEST_FILE // 1024**2} MB.")
    return file, content


def form(fields: Mapping[str, str], named: str, file: Attachment, content: bytes) -> tuple[bytes, str]:
    """multipart/form-data (RFC 7578) with the file under this name, and its content type."""
    boundary = secrets.token_hex(16)
    name = clean(file.name).replace('"', "'").replace("\\", "_")
    parts: list[Any] = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'Content-Disposition: form-data; name="{named}"; filename="{name}"\r\nContent-Type: {file.content_type}'
    parts += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), content, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
