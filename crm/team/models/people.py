"""Users with one of three roles, the teams they form, and the one gate to other people's records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import In
from django.utils.crypto import salted_hmac

from crm.team import rules
from crm.team.models.rights import RoleRight
from crm.web import clock

#: Somebody's last visit is noted no more often.
VISIT_NOTED = timedelta(minutes=5)


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

    class Sees(models.TextChoices):
        """Whose customers. Those without an owner are seen by everybody, so that nobody is left alone unnoticed."""

        OWN = "own", "Own customers"
        TEAM = "team", "Customers of their teams"
        ALL = "all", "All customers"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=10, choices=Role)
    time_zone = models.CharField(max_length=64, blank=True)  # blank: the installation's
    sees = models.CharField(max_length=4, choices=Sees, default=Sees.ALL, db_default=Sees.ALL.value)
    day_capacity = models.PositiveSmallIntegerField(default=8, db_default=8)  # customers that fit into a day of theirs
    untouched_days = models.PositiveSmallIntegerField(default=30, db_default=30)  # so long nobody may leave one alone
    start_page = models.CharField(max_length=40, blank=True, default="", db_default="")  # a slot's; blank: Today
    is_active = models.BooleanField(default=True)
    last_seen_at = models.DateTimeField(null=True)
    sign_outs = models.PositiveIntegerField(default=0, db_default=0)  # every one of them ends all sessions till then
    created_at = models.DateTimeField(default=clock.now)

    #: The ids of `mates_of`, where `SignInBackend` has brought them along for somebody who sees what their teams see.
    mates: Sequence[int] | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=Q(role__in=["admin", "manager", "agent"]), name="user_role_known"),
            models.CheckConstraint(condition=Q(sees__in=["own", "team", "all"]), name="user_sees_known"),
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
        """Admins always do: what they cannot see they could not hand over."""
        return self.is_active and (self.is_admin or self.sees == self.Sees.ALL)

    @cached_property
    def changed_rights(self) -> dict[str, bool]:
        """What admins changed in the matrix for this role. `SignInBackend` brings it along with the user's row."""
        return dict(RoleRight.objects.filter(role=self.role).values_list("permission", "allowed"))

    @property
    def owes_second_factor(self) -> bool:
        """Whether they get nowhere before they have set one up; known of whoever `SignInBackend` has brought."""
        wanted = getattr(self, "second_factor_for", None) or ""
        return rules.owes_second_factor(self.role, wanted, getattr(self, "has_second_factor", False))

    def visited(self, now: datetime) -> None:
        """Note when they were here last, at most every few minutes."""
        if self.last_seen_at is None or self.last_seen_at <= now - VISIT_NOTED:
            type(self).objects.filter(pk=self.pk).update(last_seen_at=now)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know to be one of this user: changed by a new password, and by signing out everywhere."""
        if not self.sign_outs:
            return super()._get_session_auth_hash(secret=secret)  # type: ignore[misc, no-any-return]
        salt = "crm.team.models.User.get_session_auth_hash"
        return salted_hmac(salt, f"{self.sign_outs}:{self.password}", secret=secret, algorithm="sha256").hexdigest()


class Team(models.Model):
    """People who look after customers together. Somebody may be in several."""

    name = models.CharField(max_length=80)
    members = models.ManyToManyField(User, through="crm.Membership", related_name="teams")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="team_name_once")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """That somebody is in a team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint("team", "user", name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


def mates_of(user: User | models.OuterRef) -> models.QuerySet[Membership, Any]:
    """The ids of everybody in a team of this user's, those included who have left: their customers still wait.

    Whoever is a mate in two teams is there twice.
    """
    return Membership.objects.filter(team__memberships__user=user).values("user_id")


class AnyOf(Func):
    """Whether a value is in an array."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def owned_by_sight_of(user: User, path: str) -> Q:
    """Whether the user that `path` leads to is one whose records this user may see; those of nobody are not meant.

    The team stands there by its numbers if they are known, from which Postgres foresees how many rows there are; else
    as an array that it makes once for a statement. An index on the owner serves either, and the statement stays one.
    """
    own = Q(**{path: user})
    if user.sees != User.Sees.TEAM:
        return own
    if user.mates is not None:
        return Q(**{f"{path}__in": sorted({user.pk, *user.mates})})
    return own | Q(AnyOf(F(f"{path}_id"), ArraySubquery(mates_of(user))))


def sight_key(path: str) -> Coalesce:
    """Whose the record is, the user that `path` leads to; 0 for nobody's.

    One value that an index can have: “theirs, or nobody's” is then one range of it each, where an OR with a null would
    be tried on every row.
    """
    return Coalesce(F(path), Value(0), output_field=models.BigIntegerField())


class VisibleQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows behind the one gate. `owner_path` leads from the row to the owner of its account."""

    owner_path: ClassVar[str] = "account__owner"

    def visible_to(self, user: Any) -> Self:
        """The rows that this user may see: everything; own, those of team mates and those of nobody; or nothing."""
        if not getattr(user, "is_active", False):
            return self.none()
        if user.sees_everything:
            return self
        whose = sight_key(f"{self.owner_path}_id")
        known = user.sees != User.Sees.TEAM or user.mates is not None
        if known:
            return self.filter(In(whose, sorted({0, user.pk, *(user.mates or ())})))  # type: ignore[arg-type]
        return self.filter(Q(In(whose, [0, user.pk])) | Q(AnyOf(whose, ArraySubquery(mates_of(user)))))
