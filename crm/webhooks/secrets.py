"""What an endpoint and we sign with: sealed in the database, since it is needed again for each request."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from crm.web.bridges import signed
from crm.web.sealing import seal, unseal
from crm.webhooks.models import WebhookEndpoint

_PURPOSE, _PREFIX = "webhooks", "whsec_"


def fresh() -> str:
    """A new one, as people paste it: whsec_ and base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sealed(secret: str) -> str:
    return seal(secret, _PURPOSE)


def of(endpoint: WebhookEndpoint) -> str:
    """The secret of an endpoint, as people paste it."""
    return unseal(endpoint.secret, _PURPOSE)


def headers(endpoint: WebhookEndpoint, webhook_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """What a request carries beside its body; the former secret signs too while it is valid."""
    keys = [_bytes(of(endpoint))]
    if endpoint.former_secret and endpoint.former_until and now < endpoint.former_until:
        keys.append(_bytes(unseal(endpoint.former_secret, _PURPOSE)))
    return {"Content-Type": "application/json", **signed(keys[0], webhook_id, now, body, *keys[1:])}


def _bytes(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX))
