"""Mail through a provider's HTTP interface, by django-anymail."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from types import TracebackType
from typing import Any, Self

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from crm.outbox.channels import TIMEOUT, Accepted, Outcome, Refused, Unknown
from crm.outbox.mime import Envelope

#: Answers that ask to try again later. Other 5xx may come after the mail was taken.
_TRY_AGAIN = frozenset({408, 429, 503})


#: Providers that say how long they know a message again by its Idempotency-Key.
_IDEMPOTENT = {"resend": timedelta(hours=24)}


class Provider:
    """One of anymail's backends, with its settings as they stand in EMAIL_URL."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.idempotent_for = _IDEMPOTENT.get(name)
        try:
            self._backend = import_module(f"anymail.backends.{name}").EmailBackend(**({"timeout": TIMEOUT} | options))
        except (AttributeError, ImportError, ImproperlyConfigured, TypeError) as error:
            raise ValueError(f"EMAIL_URL: the provider {name} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._backend.close()

    def send(self, envelope: Envelope) -> Outcome:
        try:
            message = _message(envelope)
            self._backend.open()
            if self.idempotent_for:
                self._backend.session.headers["Idempotency-Key"] = _key(envelope)
            self._backend.send_messages([message])
        except AnymailRecipientsRefused as error:
            return Refused(temporary=False, reason=f"The provider refused the address: {error}")
        except AnymailAPIError as error:
            return _outcome(error)
        except (AnymailError, ValueError) as error:
            return Refused(temporary=False, reason=f"The mail cannot be written: {error}")
        return Accepted(str(getattr(message, "anymail_status").message_id or ""))  # noqa: B009  (anymail adds it)


def _key(envelope: Envelope) -> str:
    """The message's key, which is unique in this installation only: two of them may share a provider's account."""
    return hashlib.sha256(f"{settings.BASE_URL}\0{envelope.key}".encode()).hexdigest()


def _message(envelope: Envelope) -> EmailMultiAlternatives:
    # A Cc that is only to be read is nothing that providers take: they refuse it, or send to it.
    others = {name: value for name, value in envelope.headers.items() if name != "Cc"}
    headers = {"Message-ID": envelope.message_id, **others}
    message = EmailMultiAlternatives(
        envelope.subject, envelope.text, envelope.from_header, [envelope.to_header], headers=headers
    )
    message.attach_alternative(envelope.html, "text/html")
    for file in envelope.files:
        message.attach(file.name, file.content(), file.content_type)
    # Comes back with the provider's delivery events.
    message.metadata = {"message": envelope.message_id}  # type: ignore[attr-defined]
    return message


#: What can only happen before a byte of the request is written; a name that is not found is a NewConnectionError.
#: All else, such as a proxy or TLS that breaks, may come after it, and then a second try would double the mail.
_UNCONNECTED = (requests.ConnectTimeout, ConnectTimeoutError, NewConnectionError, ssl.SSLCertVerificationError)


def never_connected(error: BaseException) -> bool:
    return any(isinstance(cause, _UNCONNECTED) for cause in _causes(error))


def _causes(error: BaseException, depth: int = 8) -> Iterator[BaseException]:
    """The error and what it was raised from: requests and urllib3 keep that in their arguments."""
    yield error
    within = (error.__cause__, getattr(error, "reason", None), *error.args)
    for cause in within if depth else ():
        if isinstance(cause, BaseException):
            yield from _causes(cause, depth - 1)


def _outcome(error: AnymailAPIError) -> Outcome:
    if error.status_code is None:
        if never_connected(error):
            return Refused(True, f"The provider cannot be reached: {error}", unreachable=True)
        return Unknown(f"The provider got the mail but gave no answer: {error}")
    if error.status_code in _TRY_AGAIN:
        return Refused(temporary=True, reason=f"The provider asks to try again: {error}")
    if 400 <= error.status_code < 500:
        return Refused(temporary=False, reason=f"The provider refused it: {error}")
    return Unknown(f"The provider failed after it had got the mail: {error}")
