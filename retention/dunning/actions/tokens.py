"""Tokens by which a customer's product asks how their payments stand: made, read and revoked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core import signing

from crm.accounts.models import Account
from crm.history.actions import act
from crm.history.models import Act
from crm.team.models import User
from retention.dunning.models import StatusToken

#: The kinds of acts. What was handed out is known, so neither is undone.
MADE, REVOKED = "dunning.token_made", "dunning.token_revoked"

_SIGNER = signing.Signer(salt="retention.dunning.status")


def text_of(token: StatusToken) -> str:
    """What the product brings: random, signed, and it names nobody."""
    return _SIGNER.sign(token.uid.hex)


def read(text: str) -> UUID | None:
    """None: it is none of ours."""
    try:
        return UUID(hex=_SIGNER.unsign(text))
    except (signing.BadSignature, ValueError):
        return None


def found(text: str) -> StatusToken | None:
    """The token that a product brings, unless it was revoked: it is the proof itself."""
    uid = read(text)
    return StatusToken.objects.filter(uid=uid, revoked_at=None).first() if uid else None


def make(account: Account, by: User, now: datetime) -> StatusToken:
    with act(MADE, f"gave {account.name} a status token", by, now):
        return StatusToken.objects.create(account=account, created_at=now, created_by=by)


def revoke(token: StatusToken, by: User, now: datetime) -> Act:
    """Whoever asks by it learns nothing any more."""
    with act(REVOKED, "revoked a status token", by, now) as done:
        StatusToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    return done
