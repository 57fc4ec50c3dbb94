"""The verbs of write keys, with which products report usage. Each stands in the audit log; none can be taken back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.history.actions import act
from crm.team.models import User, WriteKey

MADE, ROTATED, REVOKED = "write_key.made", "write_key.rotated", "write_key.revoked"


def make(name: str, scope: str, by: User | None, now: datetime) -> tuple[WriteKey, str]:
    """A key, and its secret, which nobody can read again."""
    with act(MADE, f"made the write key {name}", by, now):
        return WriteKey.issue(name, scope, by, now)


@transaction.atomic
def rotate(key: WriteKey, by: User, now: datetime) -> str:
    """A new secret; the present one goes on for a day. Blank if the key has been revoked."""
    secret = key.rotate(now)
    if secret:
        with act(ROTATED, f"gave the write key {key} a new secret", by, now):
            pass
    return secret


@transaction.atomic
def revoke(key: WriteKey, by: User, now: datetime) -> bool:
    """It lets nothing in any more; whether it did."""
    revoked = bool(WriteKey.objects.live().filter(pk=key.pk).update(revoked_at=now))
    if revoked:
        with act(REVOKED, f"revoked the write key {key}", by, now):
            pass
    return revoked
