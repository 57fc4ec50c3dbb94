"""Whether a request is Stripe's: an HMAC over the moment and the raw bytes, by a secret that both sides know."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

#: A signature is believed for so long before and after its moment.
WINDOW = timedelta(seconds=300)
#: Signatures of one request that are looked at.
_MOST = 20


class Forged(Exception):
    """The request does not prove that it is Stripe's. The message says why, and no secret."""


def proven(secrets: Sequence[str], header: str, body: bytes, now: datetime) -> None:
    """Raises Forged unless one of the secrets signed just these bytes just now. While a secret makes way for another
    the header has several signatures, and any of them will do."""
    moments, given = [], []
    for part in header[:4000].split(",")[: _MOST + 1]:
        name, _, value = part.strip().partition("=")
        if name == "t":
            moments.append(value)
        elif name == "v1":
            given.append(value.encode())
    if len(moments) != 1 or not given:
        raise Forged("Stripe-Signature is missing, or holds no moment or no signature.")
    moment = moments[0]
    if not (moment.isascii() and moment.isdecimal() and len(moment) < 12):
        raise Forged("The moment in Stripe-Signature is no number of seconds.")
    if abs(now.timestamp() - int(moment)) > WINDOW.total_seconds():
        raise Forged("The moment in Stripe-Signature is more than five minutes away.")
    signed = moment.encode() + b"." + body
    wanted = [hmac.new(one.encode(), signed, hashlib.sha256).hexdigest().encode() for one in secrets]
    # Each pair is compared, whatever was found before.
    if not any([hmac.compare_digest(one, other) for one in wanted for other in given]):  # noqa: C419
        raise Forged("No signature fits.")
