"""Mail: which way out EMAIL_URL names, and the folder that stands for one in a demonstration.

smtp://user:password@host:25            as it is; smtp+tls:// starts TLS (587), smtps:// begins with it (465)
anymail+sendgrid://?api_key=…           any provider of django-anymail, with its settings in the query
folder:///path                          one .eml file a message, named by its Message-ID
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

from crm.outbox import mime
from crm.outbox.channels import Accepted, Channel, Outcome, Refused
from crm.outbox.channels.provider import Provider
from crm.outbox.channels.smtp import Security, Smtp
from crm.outbox.channels.testing import Listener
from crm.outbox.mime import Envelope


class BadEmailURL(ValueError):
    """EMAIL_URL is not one of the forms above."""


_SMTP = {
    "smtp": (Security.NONE, 25),
    "smtp+tls": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp+ssl": (Security.TLS, 465),
}


def open_channel(url: str) -> Channel:
    """The channel that `url` names, not connected yet. Raises BadEmailURL."""
    try:
        return _channel(url)
    except BadEmailURL:
        raise
    except ValueError as error:  # a port that is no number, or a provider that cannot be used
        words = str(error)
        raise BadEmailURL(words if words.startswith("EMAIL_URL") else f"EMAIL_URL: {words}") from error


def _channel(url: str) -> Channel:
    parts = urlsplit(url)
    if parts.scheme in _SMTP:
        security, port = _SMTP[parts.scheme]
        if not parts.hostname:
            raise BadEmailURL(f"EMAIL_URL names no host: {parts.scheme}://user:password@host:{port}")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return Smtp(parts.hostname, parts.port or port, user, password, security)
    if parts.scheme.startswith("anymail+"):
        return Provider(parts.scheme.removeprefix("anymail+"), dict(parse_qsl(parts.query)))
    if parts.scheme == "test+http" and settings.HOLDFAST_TESTING:
        return Listener(url.removeprefix("test+"))
    if parts.scheme == "folder":
        if parts.netloc or not parts.path.strip("/"):
            raise BadEmailURL("EMAIL_URL names no folder: folder:///path, with three strokes")
        return Folder(Path(unquote(parts.path)))
    known = ", ".join([*_SMTP, "anymail+…", "folder"])
    raise BadEmailURL(f"EMAIL_URL begins with {parts.scheme or 'nothing'}://, which is none of {known}")


class Folder:
    """A folder as a mailbox. The same message written twice is one file."""

    idempotent_for: timedelta | None = None  # a file that somebody took away would be written again

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def send(self, envelope: Envelope) -> Outcome:
        name = envelope.message_id.strip("<>").replace("/", "_") + ".eml"
        part = self.folder / f".{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(mime.build(envelope))
            part.replace(self.folder / name)
        except OSError as error:
            return Refused(temporary=True, reason=f"The folder cannot be written: {error}", unreachable=True)
        return Accepted(name)
