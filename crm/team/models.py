"""Users with one of three roles, the one gate to other people's records, and API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from crm.web import clock


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody of ours, known by e-mail."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        MANAGER = "manager", "Account manager"
        AGENT = "agent", "Support agent"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=10, choices=Role)
    time_zone = models.CharField(max_length=64, blank=True)  # blank: the installation's
    sees_own_only = models.BooleanField(default=False)  # an account manager who sees own and unowned accounts only
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=models.Q(role__in=["admin", "manager", "agent"]), name="user_role_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def zone(self) -> ZoneInfo:
        return clock.zone(self.time_zone)

    @property
    def is_admin(self) -> bool:
        return self.role == self.Role.ADMIN

    @property
    def sees_everything(self) -> bool:
        """Only account managers can be confined to their own records."""
        return self.is_active and not (self.sees_own_only and self.role == self.Role.MANAGER)


class VisibleQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows behind the one gate. `owner_path` leads from the row to the owner of its account."""

    owner_path: ClassVar[str] = "account__owner"

    def visible_to(self, user: Any) -> Self:
        """The rows that this user may see: everything, own and unowned, or nothing."""
        if not getattr(user, "is_active", False):
            return self.none()
        if user.sees_everything:
            return self
        path = self.owner_path
        return self.filter(models.Q(**{path: user}) | models.Q(**{f"{path}__isnull": True}))


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
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.scope} token of {self.user}"

    @classmethod
    def issue(cls, user: User, scope: str, name: str = "") -> tuple[ApiToken, str]:
        """A new token and its secret, which nobody can read again."""
        secret = f"hf_{secrets.token_urlsafe(32)}"
        return cls.objects.create(user=user, scope=scope, name=name, digest=cls.digest_of(secret)), secret

    @classmethod
    def find(cls, secret: str) -> ApiToken | None:
        tokens = cls.objects.select_related("user").filter(revoked_at=None, user__is_active=True)
        return tokens.filter(digest=cls.digest_of(secret)).first()

    @staticmethod
    def digest_of(secret: str) -> str:
        # 256 random bits need no slow hash: there is nothing to guess.
        return hashlib.sha256(secret.encode()).hexdigest()

    def touch(self, now: datetime) -> None:
        """Note the use, at most once a minute, so that busy tokens do not write on every request."""
        type(self).objects.filter(
            models.Q(last_used_at=None) | models.Q(last_used_at__lt=now - clock.MINUTE), pk=self.pk
        ).update(last_used_at=now)
