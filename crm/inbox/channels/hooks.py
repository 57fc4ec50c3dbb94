"""Mail by a provider's webhook: django-anymail checks who sent it and knows each provider's form.

MAIL_HOOKS names the providers that may post to /hooks/mail/<provider>/, each with anymail's settings for it, of which
one must be what their requests are checked by:

    MAIL_HOOKS=postmark?webhook_secret=name:password,mailgun?webhook_signing_key=…
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable
from copy import copy
from datetime import datetime
from email import policy
from functools import lru_cache
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest

from crm.inbox import actions
from crm.slots import Arrived, Handled

KIND = "mail.hook"
#: Kinds of payloads that the outbox takes.
COMPLAINT, BOUNCE = "complaint", "bounce"
#: What each becomes that a provider tells of mail of ours; all else is let go.
_TOLD = {"complained": COMPLAINT, "bounced": BOUNCE, "rejected": BOUNCE, "failed": BOUNCE}

#: What is stored of a request beside its body: enough to read the body again, and no secret.
_TYPE = "content-type"
_OPEN = (
    "MAIL_HOOKS: requests of {} would be taken from anybody. Name what they are checked by, such as"
    " {}?webhook_secret=name:password."
)


class BadHooks(ValueError):
    """MAIL_HOOKS cannot be used as it is."""


class Forged(Exception):
    """The request does not prove that it is the provider's."""


def providers(configured: str) -> dict[str, dict[str, Any]]:
    """Name → anymail's settings for it."""
    found = {}
    for part in filter(None, (part.strip() for part in configured.split(","))):
        name, _, options = part.partition("?")
        found[name] = dict(parse_qsl(options))
    return found


def check(configured: str) -> None:
    """Raises BadHooks for a provider that nobody knows, or whose requests nothing would check."""
    for name, options in providers(configured).items():
        _view(name, tuple(options.items()))


@lru_cache(maxsize=32)
def _view(provider: str, options: tuple[tuple[str, str], ...]) -> Any:
    """anymail's view for the provider, which must refuse a request that proves nothing. Raises BadHooks."""
    try:
        view = _made(provider, options, ("InboundWebhookView", "CombinedWebhookView"))
        _tried_with_password(view, dict(options))
    except (ImportError, StopIteration, ImproperlyConfigured, AnymailError, TypeError, ValueError) as error:
        raise BadHooks(f"MAIL_HOOKS: {provider} cannot be used: {error or 'there is no such provider'}") from error
    if _is_closed(view):
        return view
    raise BadHooks(_OPEN.format(provider, provider))


@lru_cache(maxsize=32)
def _tracking(provider: str, options: tuple[tuple[str, str], ...]) -> Any:
    """anymail's view for what the provider tells of mail of ours; None where the other one reads that too."""
    try:
        return _made(provider, options, ("TrackingWebhookView",))
    except (StopIteration, ImproperlyConfigured, AnymailError, TypeError, ValueError):
        return None


def _tried_with_password(view: Any, options: dict[str, Any]) -> None:
    """Raises ImproperlyConfigured where something else is missing, which only those learn who know the password."""
    known = {"HTTP_AUTHORIZATION": f"Basic {b64encode(options.get('webhook_secret', '').encode()).decode()}"}
    with contextlib.suppress(SuspiciousOperation, AnymailError):
        view.run_validators(_Again(b"{}", {"CONTENT_TYPE": "application/json", **known}))


def _is_closed(view: Any) -> bool:
    """Whether it refuses a request that proves nothing."""
    try:
        view.run_validators(_Again(b"{}", {"CONTENT_TYPE": "application/json"}))
    except (SuspiciousOperation, AnymailError):
        return True
    return False


def _made(provider: str, options: tuple[tuple[str, str], ...], endings: tuple[str, ...]) -> Any:
    module = import_module(f"anymail.webhooks.{provider}")
    kinds = [kind for name, kind in vars(module).items() if name.endswith(endings)]
    # Only those that are for use have a provider's name of their own module.
    view = next(kind for kind in kinds if kind.__module__ == module.__name__ and "parse_events" in dir(kind))
    view.warn_if_no_basic_auth = False  # whoever forgot it is refused by the caller
    # Secrets of one's sister would take the place of its own.
    sisters = [kind for name, kind in vars(module).items() if name.endswith("WebhookView")]
    theirs = {name for name, _ in options if not hasattr(view, name) and any(hasattr(one, name) for one in sisters)}
    return view(**{name: value for name, value in options if name not in theirs})


class _Again(WSGIRequest):
    """A request around bytes that are in hand."""

    def __init__(self, body: bytes, meta: dict[str, Any]) -> None:
        base = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "PATH_INFO": "/"}
        said = {name: value for name, value in meta.items() if not name.startswith("wsgi.") or name.endswith("scheme")}
        super().__init__(base | said | {
            "REQUEST_METHOD": "POST", "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)),
        })  # fmt: skip
        self._body = body  # else Django refuses to hold more than a form


def is_open(provider: str) -> bool:
    """Whether this installation takes mail from the provider."""
    return provider in providers(settings.MAIL_HOOKS)


def take(provider: str, request: HttpRequest, body: bytes, now: datetime) -> None:
    """Store a request's body if it is the provider's. Raises Forged, with nothing stored."""
    options = tuple(providers(settings.MAIL_HOOKS)[provider].items())
    meta = dict(request.META)
    try:
        _view(provider, options).run_validators(_Again(body, meta))
    except (SuspiciousOperation, AnymailError) as error:
        # Some sign what they tell of mail of ours by another secret than mail.
        if not _is_told(_tracking(provider, options), body, meta):
            raise Forged(str(error)) from error
    headers = {_TYPE: request.META.get("CONTENT_TYPE", "")}
    actions.store(provider, KIND, f"hook:{hashlib.sha256(body).hexdigest()}", body, headers, now)


def _is_told(tracking: Any, body: bytes, meta: dict[str, Any]) -> bool:
    """Whether the view for what is told of our mail knows the request as the provider's, and not just any."""
    if tracking is None or not _is_closed(tracking):
        return False
    try:
        tracking.run_validators(_Again(body, meta))
    except (SuspiciousOperation, ImproperlyConfigured, AnymailError):
        return False
    return True


def unpack(arrived: Arrived, now: datetime) -> Handled:
    """Each mail of a provider's request becomes a payload of its own, known by the request and its place in it; so
    does each word of mail of ours that came back or was called unwanted. Providers post all of it to one address."""
    events = _events(arrived)
    mails = [event.message for event in events if getattr(event, "message", None) is not None]
    digest = hashlib.sha256(arrived.body).hexdigest()
    for number, mail in enumerate(mails):
        known = {"to": mail.envelope_recipient or "", "from": mail.envelope_sender or ""}
        actions.store(arrived.source, "mail", f"mail:{digest}:{number}", _bytes(mail), known, now)
    told = [event for event in events if getattr(event, "event_type", "") in _TOLD]
    for number, event in enumerate(told):
        kind = _TOLD[event.event_type]
        actions.store(arrived.source, kind, f"{kind}:{digest}:{number}", _about(event), {}, now)
    if told:
        held = " and ".join(sorted({_TOLD[event.event_type] for event in told}))
        return Handled(f"Held {len(told)} × {held}.", addresses=[str(event.recipient or "") for event in told])
    count = "one mail" if len(mails) == 1 else f"{len(mails)} mails"
    return Handled(f"Held {count}." if mails else "Held no mail.", ignored=not mails, addresses=list(_names(mails)))


def _events(arrived: Arrived) -> list[Any]:
    options = tuple(providers(settings.MAIL_HOOKS).get(arrived.source, {}).items())
    tracking = _tracking(arrived.source, options)
    try:
        events = _read(_view(arrived.source, options), arrived)
    except Exception:  # each provider's reader fails in its own way over what is no mail
        if tracking is None:
            raise
        return _read(tracking, arrived)
    return _read(tracking, arrived) if tracking is not None and any(map(_is_empty, events)) else events


def _read(view: Any, arrived: Arrived) -> list[Any]:
    # By a copy: some remember what they have read, and would refuse the other kind from then on.
    return list(copy(view).parse_events(_Again(arrived.body, {"CONTENT_TYPE": arrived.headers.get(_TYPE, "")})))


def _is_empty(event: Any) -> bool:
    """A mail from nobody to nobody: a reader of mails has made it of what was none."""
    mail = getattr(event, "message", None)
    return mail is not None and not mail["From"] and not mail.envelope_recipient


def _about(event: Any) -> bytes:
    """Which mail, by the Message-ID that went out with it, else by the provider's own name; whose address, and why."""
    ours = event.metadata if isinstance(event.metadata, dict) else {}
    said = " ".join(f"{event.description or ''} {event.mta_response or ''}".split())
    words = {
        "message": ours.get("message") or event.message_id or "", "address": event.recipient or "", "said": said[:200],
    }  # fmt: skip
    held = {name: str(value).replace("\0", "") for name, value in words.items()}  # which no column holds
    return json.dumps(held | {"invalid": event.reject_reason == "invalid"}).encode()  # as an address


def _bytes(mail: Any) -> bytes:
    """As it came, or as near to it as the provider told."""
    try:
        return bytes(mail.as_bytes(policy=policy.SMTP.clone(refold_source="none")))
    except Exception:  # the library's writer stumbles over headers that its reader has let in
        return bytes(mail.as_bytes(policy=policy.compat32))


def _names(mails: Iterable[Any]) -> Iterable[str]:
    for mail in mails:
        sender = mail.from_email
        for address in [*([sender] if hasattr(sender, "addr_spec") else sender or []), *mail.to, *mail.cc]:
            yield address.addr_spec
