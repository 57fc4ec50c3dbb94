"""Mail through a provider's HTTP interface, by django-anymail."""

from __future__ import annotations

from importlib import import_module
from types import TracebackType
from typing import Any, Self

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives

from crm.outbox.channels import TIMEOUT, Accepted, Outcome, Refused, Unknown
from crm.outbox.mime import Envelope

#: Answers that ask to try again later. Other 5xx may come after the mail was taken.
_TRY_AGAIN = frozenset({408, 429, 503})


class Provider:
    """One of anymail's backends, with its settings as they stand in EMAIL_URL."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        try:
            self._backend = import_module(f"anymail.backends.{name}").EmailBackend(**({"timeout": TIMEOUT} | options))
        except (ImportError, ImproperlyConfigured, TypeError) as error:
            raise ValueError(f"EMAIL_URL: the provider {name} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._backend.close()

    def send(self, envelope: Envelope) -> Outcome:
        message = _message(envelope)
        try:
            self._backend.open()
            self._backend.send_messages([message])
        except AnymailRecipientsRefused as error:
            return Refused(temporary=False, reason=f"The provider refused the address: {error}")
        except AnymailAPIError as error:
            return _outcome(error)
        except (AnymailError, ValueError) as error:
            return Refused(temporary=False, reason=f"The mail cannot be written: {error}")
        return Accepted(str(getattr(message, "anymail_status").message_id or ""))  # noqa: B009  (anymail adds it)


def _message(envelope: Envelope) -> EmailMultiAlternatives:
    headers = {"Message-ID": envelope.message_id, **envelope.headers}
    message = EmailMultiAlternatives(
        envelope.subject, envelope.text, envelope.from_header, [envelope.to_header], headers=headers
    )
    message.attach_alternative(envelope.html, "text/html")
    # Comes back with the provider's delivery events.
    message.metadata = {"message": envelope.message_id}  # type: ignore[attr-defined]
    return message


def _outcome(error: AnymailAPIError) -> Outcome:
    if error.status_code is None:
        # A connection that never stood, or one that fell silent after the request had been written.
        unconnected = isinstance(error, requests.ConnectTimeout) or (
            isinstance(error, requests.ConnectionError) and "aborted" not in str(error).lower()
        )
        if unconnected and not isinstance(error, requests.ReadTimeout):
            return Refused(True, f"The provider cannot be reached: {error}", unreachable=True)
        return Unknown(f"The provider got the mail but gave no answer: {error}")
    if error.status_code in _TRY_AGAIN:
        return Refused(temporary=True, reason=f"The provider asks to try again: {error}")
    if 400 <= error.status_code < 500:
        return Refused(temporary=False, reason=f"The provider refused it: {error}")
    return Unknown(f"The provider failed after it had got the mail: {error}")
