"""SMTP, phase by phase: only who knows how far a conversation got knows whether a mail may be tried again."""

from __future__ import annotations

import contextlib
import enum
import smtplib
import ssl
from datetime import timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings

from crm.outbox import mime
from crm.outbox.channels import TIMEOUT, Accepted, Outcome, Refused, Unknown
from crm.outbox.mime import Envelope

#: Answers to RCPT that say there is no such mailbox.
_NO_MAILBOX = frozenset({550, 551, 553})


class Security(enum.Enum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class _Answer(Exception):
    """The server said no before it had the text."""

    def __init__(self, phase: str, code: int, text: bytes) -> None:
        self.phase, self.code = phase, code
        super().__init__(f"{phase}: {code} {text.decode(errors='replace')}")


#: Code and words of an answer.
type _Said = tuple[int, bytes]


def _expect(phase: str, said: _Said, *wanted: int) -> None:
    if said[0] not in wanted:
        raise _Answer(phase, *said)


class Smtp:
    """One connection, opened with the first message and used for all of a batch."""

    idempotent_for: timedelta | None = None

    def __init__(self, host: str, port: int, user: str, password: str, security: Security) -> None:
        self.host, self.port, self.user, self.password, self.security = host, port, user, password, security
        self._client: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
        self._hang_up()

    def send(self, envelope: Envelope) -> Outcome:
        try:
            content = mime.build(envelope)
            sender, receiver = _ascii(envelope.from_address), _ascii(envelope.to_address)
        except (UnicodeError, ValueError) as error:
            return Refused(temporary=False, reason=f"The mail cannot be written: {error}")
        kept = self._said(sender) if self._client else None
        if kept is None:
            try:
                self._client = self._connect()
            except smtplib.SMTPAuthenticationError as error:
                return Refused(True, f"The mail server does not accept the password: {_words(error)}", unreachable=True)
            except (smtplib.SMTPException, OSError) as error:
                return Refused(True, f"The mail server cannot be reached: {_words(error)}", unreachable=True)
        assert self._client is not None
        return self._converse(self._client, kept, sender, receiver, content)

    def _said(self, sender: str) -> _Said | None:
        """The answer to MAIL on the connection that is kept; None if that is gone, and nothing is lost.

        Servers close idle connections and end them after so many messages.
        """
        assert self._client is not None
        try:
            answer = self._client.mail(sender)
            if answer[0] != 421:
                return answer
        except (smtplib.SMTPException, OSError):
            pass
        self._hang_up()
        return None

    def _converse(
        self, client: smtplib.SMTP, kept: _Said | None, sender: str, receiver: str, content: bytes
    ) -> Outcome:
        try:
            # Up to the server's 354 nothing has been handed over.
            _expect("MAIL", kept or client.mail(sender), 250)
            _expect("RCPT", client.rcpt(receiver), 250, 251)
            _expect("DATA", client.docmd("data"), 354)
        except _Answer as answer:
            self._reset()
            temporary = answer.code < 500
            bounced = answer.phase == "RCPT" and answer.code in _NO_MAILBOX
            return Refused(temporary, f"The mail server answered {answer}", bounced=bounced)
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return Refused(True, f"The mail server broke off before it had the text: {_words(error)}")
        return self._hand_over(client, content)

    def _connect(self) -> smtplib.SMTP:
        name = urlsplit(settings.BASE_URL).hostname or "localhost"
        client: smtplib.SMTP
        if self.security is Security.TLS:
            context = ssl.create_default_context()
            client = smtplib.SMTP_SSL(self.host, self.port, local_hostname=name, timeout=TIMEOUT, context=context)
        else:
            client = smtplib.SMTP(self.host, self.port, local_hostname=name, timeout=TIMEOUT)
        try:
            if self.security is Security.STARTTLS:
                client.starttls(context=ssl.create_default_context())
            if self.user:
                client.login(self.user, self.password)
            else:
                client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client

    def _hand_over(self, client: smtplib.SMTP, content: bytes) -> Outcome:
        """The text itself. Without an answer nobody knows whether it was taken."""
        try:
            client.send(_dotted(content))
            code, text = client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return Unknown(f"The mail server got the text but gave no answer: {_words(error)}")
        if code == 250:
            return Accepted(text.decode(errors="replace")[:200])
        self._reset()
        return Refused(code < 500, f"The mail server answered DATA: {code} {text.decode(errors='replace')}")

    def _reset(self) -> None:
        """Ready for the next message on the same connection, or without one."""
        try:
            if self._client and self._client.rset()[0] != 250:
                self._hang_up()
        except (smtplib.SMTPException, OSError):
            self._hang_up()

    def _hang_up(self) -> None:
        if self._client:
            self._client.close()
        self._client = None


def _dotted(content: bytes) -> bytes:
    """The text as DATA wants it (RFC 5321, 4.5.2); the policy has made all line ends CR LF."""
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _ascii(address: str) -> str:
    """The address with its domain as every server reads it. Raises UnicodeError if the name before it is not ASCII."""
    name, at, domain = address.rpartition("@")
    name.encode("ascii")
    return f"{name}{at}{domain.encode('idna').decode()}"


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
