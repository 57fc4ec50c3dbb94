"""What billing is checked by and asked with: given on a page, sealed in the database, or in the environment."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from django.conf import settings

from crm.billing.models import BillingSettings
from crm.web.sealing import seal, unseal

_PURPOSE = "billing"
#: A secret that was replaced is believed for so long, since both sides are never changed at one moment.
ROTATION = timedelta(hours=24)


def sealed(secret: str) -> str:
    return seal(secret, _PURPOSE)


def opened(secret: str) -> str:
    """Blank for what was sealed with another SECRET_KEY: nobody is believed by it, and pages say that it is missing."""
    try:
        return unseal(secret, _PURPOSE) if secret else ""
    except InvalidToken:
        return ""


def stripe_signing(now: datetime, row: BillingSettings | None = None) -> Sequence[str]:
    """All that Stripe may have signed with; none: it is not connected. `row`: the settings, where they are at hand."""
    row = row or BillingSettings.the_only()
    former = row.stripe_signing_former if row.stripe_former_until and now < row.stripe_former_until else ""
    return _some(opened(row.stripe_signing), opened(former), *settings.STRIPE_SIGNING_SECRETS)


def stripe_key(row: BillingSettings | None = None) -> str:
    """What Stripe is asked with; blank: it cannot be."""
    return opened((row or BillingSettings.the_only()).stripe_key) or settings.STRIPE_API_KEY


def hook(now: datetime, row: BillingSettings | None = None) -> Sequence[bytes]:
    """All that another billing system may have signed with, as bytes; none: it is not connected."""
    row = row or BillingSettings.the_only()
    former = row.hook_secret_former if row.hook_former_until and now < row.hook_former_until else ""
    return [_bytes(one) for one in _some(opened(row.hook_secret), opened(former), *settings.BILLING_HOOK_SECRETS)]


def _some(*given: str) -> list[str]:
    return [one for one in given if one]


def _bytes(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))
