"""Signed webhooks as Standard Webhooks has them, in both directions, and the bridges that BRIDGES names.

A bridge is somebody's own piece between another network and this installation. BRIDGES names each with the secret that
both sides sign with (several while an old one makes way), and where it takes what is sent:

    BRIDGES=linkedin?secret=whsec_…&url=https://bridge.example/out,reviews?secret=whsec_…
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import unquote

from django.conf import settings

from crm.web import outgoing

#: A signature is believed for so long before and after its moment.
WINDOW = timedelta(minutes=5)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_PREFIX = "whsec_"


class BadBridges(ValueError):
    """BRIDGES cannot be used as it is."""


class Unsigned(Exception):
    """The request does not prove whose it is; the message says what is wrong, and no secret."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """`secrets` as bytes, the one to sign with first; a blank `url` takes nothing."""

    name: str
    secrets: tuple[bytes, ...]
    url: str = ""


def bridges() -> dict[str, Bridge]:
    """Those of the settings, by name. Raises BadBridges."""
    return dict(_read(settings.BRIDGES))


@lru_cache(maxsize=8)
def _read(configured: str) -> Mapping[str, Bridge]:
    found: dict[str, Bridge] = {}
    for part in filter(None, (part.strip() for part in configured.split(","))):
        name, _, options = part.partition("?")
        if not _NAME.fullmatch(name):
            raise BadBridges(f"BRIDGES: {name or 'one'} needs a name of small letters, digits and hyphens.")
        secrets, url = [], ""
        for option in filter(None, options.split("&")):
            key, _, value = option.partition("=")
            if key == "secret":
                secrets.append(_secret(name, unquote(value)))
            elif key == "url":
                url = unquote(value)
            else:
                raise BadBridges(f"BRIDGES: {name} has {key}, which means nothing; secret and url do.")
        if not secrets:
            raise BadBridges(f"BRIDGES: {name} would take messages from anybody. Give it a secret=whsec_….")
        try:
            if url:
                outgoing.check(url)
        except outgoing.Forbidden as error:
            raise BadBridges(f"BRIDGES: the url of {name} cannot be called. {error}") from error
        found[name] = Bridge(name, tuple(secrets), url)
    return found


def _secret(name: str, written: str) -> bytes:
    try:
        secret = base64.b64decode(written.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise BadBridges(f"BRIDGES: the secret of {name} must be whsec_ and base64 behind it.") from error
    if len(secret) < 24:
        raise BadBridges(f"BRIDGES: the secret of {name} is too short; 24 bytes are the fewest.")
    return secret


# Signatures -----------------------------------------------------------------------------------------------------------


def signed(secret: bytes, key: str, at: datetime, body: bytes, *former: bytes) -> dict[str, str]:
    """The three headers of a request; `key` is the same whenever the same thing is sent again. Secrets that make way
    for a new one sign too."""
    moment = str(int(at.timestamp()))
    signatures = " ".join(_v1(one, key, moment, body) for one in (secret, *former))
    return {"webhook-id": key, "webhook-timestamp": moment, "webhook-signature": signatures}


def proven(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of a request that one of the secrets has signed just now. Raises Unsigned.

    Header names in any case, as Django's `request.headers` has them; `body` as it came over the wire.
    """
    key, moment, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not key or not moment or not signatures:
        raise Unsigned("webhook-id, webhook-timestamp or webhook-signature is missing.")
    if not (moment.isascii() and moment.isdecimal() and len(moment) < 12):
        raise Unsigned("webhook-timestamp is no number of seconds.")
    if abs(now - datetime.fromtimestamp(int(moment), UTC)) > WINDOW:
        raise Unsigned("webhook-timestamp is more than five minutes away.")
    wanted = [_v1(secret, key, moment, body).encode() for secret in secrets]
    given = [one.encode() for one in signatures.split(" ")[:20]]
    # Each pair is compared, whatever was found before.
    if not any([hmac.compare_digest(one, other) for one in wanted for other in given]):  # noqa: C419
        raise Unsigned("No signature fits.")
    return key


def _v1(secret: bytes, key: str, moment: str, body: bytes) -> str:
    mac = hmac.digest(secret, f"{key}.{moment}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac).decode()}"
