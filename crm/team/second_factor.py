"""The second factor: how its secrets are kept, who may give it up, and what an admin can do when a phone is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from crm.team import rules
from crm.team.backends import FACTORS
from crm.team.models import Organisation, User
from crm.team.sessions import sign_out_everywhere
from crm.web.sealing import seal, unseal

_PURPOSE = "second factor"


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are encrypted with SECRET_KEY: a dump of the database alone makes no codes."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right. Codes change every 30 seconds, and each works once: try the next.",
        "cannot_delete_authenticator": "Your organisation requires a second factor, so you cannot switch it off.",
    }

    def encrypt(self, text: str) -> str:
        return seal(text, _PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, _PURPOSE)

    def get_totp_issuer(self) -> str:
        """What an authenticator app calls the entry."""
        return Organisation.the_only().name or "Holdfast"

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        user: User = authenticator.user
        others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
        return not rules.owes_second_factor(user.role, Organisation.the_only().second_factor, others.exists())

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        """Of a passkey that nobody has named."""
        many = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {many + 1}" if many else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """What the device says whose passkey it is."""
        return super().get_public_key_credential_rp_entity() | {"name": self.get_totp_issuer()}


@contextmanager
def giving_up(user: User) -> Iterator[None]:
    """Factors of one person go one after the other: of two, the second is judged when the first is gone."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        yield


@transaction.atomic
def reset(user: User) -> bool:
    """Take the second factor and its codes away, and end all sessions; whether there was one."""
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        sign_out_everywhere(user)
    return bool(removed)
