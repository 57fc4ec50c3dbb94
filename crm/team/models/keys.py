"""What opens something: tokens of the API and invitations, kept as hashes, and the devices that are signed in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from crm.team.models.people import User
from crm.team.models.rights import RoleRight
from crm.web import clock

#: An invitation can be accepted for so long.
INVITED_FOR = timedelta(days=7)


def digest_of(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


class TokenQuerySet(models.QuerySet["ApiToken"]):
    def live(self, now: datetime) -> TokenQuerySet:
        """Those that open something now."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
        return self.filter(unexpired, revoked_at=None, user__is_active=True)


class ApiToken(models.Model):
    """A key to the API with the rights of its user. Only its hash is kept; the secret is shown once."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        WRITE = "write", "Read and write"

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80, blank=True)
    scope = models.CharField(max_length=10, choices=Scope)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # from then on it opens nothing; blank: never
    revoked_at = models.DateTimeField(null=True)

    objects = TokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.scope} token of {self.user}"

    @classmethod
    def issue(cls, user: User, scope: str, name: str = "", expires_at: datetime | None = None) -> tuple[ApiToken, str]:
        """A new token and its secret, which nobody can read again."""
        secret = f"hf_{secrets.token_urlsafe(32)}"
        made = cls.objects.create(user=user, scope=scope, name=name, digest=digest_of(secret), expires_at=expires_at)
        return made, secret

    @classmethod
    def find(cls, secret: str, now: datetime) -> ApiToken | None:
        """With its user, who brings along what admins changed for their role."""
        tokens = cls.objects.live(now).select_related("user").annotate(changed=RoleRight.changed_for("user__role"))
        token = tokens.filter(digest=digest_of(secret)).first()
        if token is not None:
            token.user.changed_rights = RoleRight.read(token.changed)  # type: ignore[attr-defined]
        return token

    def touch(self, now: datetime) -> None:
        """Note the use, at most once a minute, so that busy tokens do not write on every request."""
        type(self).objects.filter(
            models.Q(last_used_at=None) | models.Q(last_used_at__lt=now - clock.MINUTE), pk=self.pk
        ).update(last_used_at=now)


class Device(models.Model):
    """A browser in which somebody signed in. Its session may have ended since: see crm.team.sessions."""

    user = models.ForeignKey(User, models.CASCADE, related_name="devices")
    session_key = models.CharField(max_length=40, unique=True)
    agent = models.CharField(max_length=300, blank=True)  # what the browser calls itself
    address = models.GenericIPAddressField(null=True)
    signed_in_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"A device of {self.user}"


class Invitation(models.Model):
    """That somebody has been asked to join and has not yet. Their user is there already, closed until they accept."""

    user = models.OneToOneField(User, models.CASCADE, related_name="invitation")
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Invitation of {self.user}"

    @classmethod
    def find(cls, secret: str, now: datetime) -> Invitation | None:
        """The one that this secret opens; None once it is too old, used or withdrawn."""
        known = cls.objects.select_related("user").filter(digest=digest_of(secret), expires_at__gt=now)
        return known.filter(user__is_active=False).first()
