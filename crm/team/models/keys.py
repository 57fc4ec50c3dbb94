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

#: After a rotation a write key's former secret still lets usage in for so long.
FORMER_GOES_ON = timedelta(days=1)


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
        before = now - clock.MINUTE
        if self.last_used_at is None or self.last_used_at < before:
            stale = models.Q(last_used_at=None) | models.Q(last_used_at__lt=before)
            type(self).objects.filter(stale, pk=self.pk).update(last_used_at=now)


class WriteKeyQuerySet(models.QuerySet["WriteKey"]):
    def live(self) -> WriteKeyQuerySet:
        """Those that let something in."""
        return self.filter(revoked_at=None)


class WriteKey(models.Model):
    """A key with which a product of ours reports usage. It belongs to the house, and lets nobody read anything.

    Only its hash is kept; the secret is shown once. After a rotation the former one goes on for a while, so that no
    event is lost while programs are changed over.
    """

    class Scope(models.TextChoices):
        USAGE = "usage", "Usage only"  # track, page, screen
        PEOPLE = "people", "Usage, and who uses it"  # identify, group and alias as well

    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.USAGE)
    digest = models.CharField(max_length=64, unique=True)
    former_digest = models.CharField(max_length=64, blank=True)
    former_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    rotated_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    former_used_at = models.DateTimeField(null=True)  # since the rotation, with the secret from before it
    revoked_at = models.DateTimeField(null=True)

    objects = WriteKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("former_digest", condition=~Q(former_digest=""), name="writekey_former_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, name: str, scope: str, by: User | None, now: datetime) -> tuple[WriteKey, str]:
        """A new key and its secret, which nobody can read again."""
        secret = _write_secret()
        made = cls.objects.create(name=name, scope=scope, digest=digest_of(secret), created_by=by, created_at=now)
        return made, secret

    @classmethod
    def find(cls, secret: str, now: datetime) -> WriteKey | None:
        """The key that this secret opens, its last use noted; None if it opens none (any more)."""
        digest = digest_of(secret)
        former = Q(former_digest=digest, former_until__gt=now)
        key = cls.objects.live().filter(Q(digest=digest) | former).first()
        if key is not None:
            key._used("last_used_at" if key.digest == digest else "former_used_at", now)
        return key

    def _used(self, column: str, now: datetime) -> None:
        """At most once a minute, so that busy keys do not write on every request."""
        stale = Q(**{column: None}) | Q(**{f"{column}__lt": now - clock.MINUTE})
        type(self).objects.filter(stale, pk=self.pk).update(**{column: now})

    def rotate(self, now: datetime) -> str:
        """A new secret. The present one goes on for FORMER_GOES_ON, one from before it ends at once.

        Blank if the key has been revoked meanwhile.
        """
        secret = _write_secret()
        rotated = type(self).objects.live().filter(pk=self.pk).update(
            former_digest=models.F("digest"), former_until=now + FORMER_GOES_ON, former_used_at=None,
            digest=digest_of(secret), rotated_at=now,
        )  # fmt: skip
        return secret if rotated else ""


def _write_secret() -> str:
    return f"hfw_{secrets.token_urlsafe(32)}"


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
