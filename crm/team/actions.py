"""The verbs of the team: who has which role, sees what, is in which team; who is in and who is out.

Each locks the admins first, in one order, and asks again under the lock whether whoever acts still is one: two admins
who remove each other at the same moment cannot both succeed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from crm.team import rules, second_factor
from crm.team.models import ApiToken, Invitation, Membership, RoleRight, User
from crm.team.models.keys import INVITED_FOR, digest_of
from crm.team.sessions import sign_out_everywhere


class TeamError(ValueError):
    """Why it was not done, and what to do instead, in a sentence for people."""


@contextmanager
def as_admin(by: User) -> Iterator[None]:
    """A transaction in which no other changes who is an admin. Raises TeamError if `by` is none (any more)."""
    with transaction.atomic():
        admins = User.objects.filter(role=rules.ADMIN, is_active=True)
        # Taken in one order, and asked again once they are ours: who was demoted meanwhile is no longer among them.
        if by.pk not in {admin.pk for admin in admins.select_for_update().order_by("pk")}:
            raise TeamError("You are no longer an admin, so nothing was changed.")
        yield


@contextmanager
def _acting(by: User, other: User) -> Iterator[User]:
    """`as_admin`, with the row of `other` as it is now."""
    with as_admin(by):
        yield User.objects.select_for_update().get(pk=other.pk)


def _not_the_last(user: User, what: str) -> None:
    others = User.objects.filter(role=rules.ADMIN, is_active=True).exclude(pk=user.pk)
    if user.is_admin and user.is_active and not others.exists():
        raise TeamError(f"{user} is the only admin and cannot be {what}. Make somebody else an admin first.")


def change(user: User, role: str, sees: str, teams: Iterable[int], by: User) -> User:
    """Role, what they see, and their teams (ids). Holds from their next request on. Raises TeamError."""
    with _acting(by, user) as row:
        if role != rules.ADMIN:
            _not_the_last(row, "given another role")
        row.role, row.sees = role, sees
        row.save(update_fields=["role", "sees"])
        wanted = set(teams)
        row.memberships.exclude(team__in=wanted).delete()
        Membership.objects.bulk_create([Membership(team_id=pk, user=row) for pk in wanted], ignore_conflicts=True)
        return row


def deactivate(user: User, by: User, now: datetime) -> None:
    """Close the door at once: sessions end, tokens are void; what they hold stays theirs. Raises TeamError."""
    with _acting(by, user) as row:
        if row.pk == by.pk:
            raise TeamError("You cannot close your own account. Ask another admin.")
        _not_the_last(row, "deactivated")
        row.is_active = False
        row.save(update_fields=["is_active"])
        ApiToken.objects.filter(user=row, revoked_at=None).update(revoked_at=now)
        sign_out_everywhere(row)


def reactivate(user: User, by: User) -> None:
    """Let them in again, with their old password; tokens must be made anew. Raises TeamError."""
    with _acting(by, user) as row:
        if Invitation.objects.filter(user=row).exists() or not row.has_usable_password():
            raise TeamError(f"{row} has never joined. Invite them again instead.")
        row.is_active = True
        row.save(update_fields=["is_active"])


def sign_out(user: User, by: User) -> None:
    """End all their sessions. Raises TeamError."""
    with _acting(by, user) as row:
        sign_out_everywhere(row)


def reset_second_factor(user: User, by: User) -> bool:
    """For somebody who lost the phone; whether there was one. Raises TeamError."""
    with _acting(by, user) as row:
        return second_factor.reset(row)


def invite(
    email: str, name: str, role: str, sees: str, teams: Iterable[int], by: User, now: datetime
) -> tuple[Invitation, str]:
    """Somebody who may join, and the secret of their link, which nobody can read again. Raises TeamError.

    Whoever was invited before and never came gets a new link, and the old one opens nothing any more.
    """
    with as_admin(by):
        user, new = User.objects.select_for_update().get_or_create(
            email=email, defaults={"name": name, "role": role, "sees": sees, "is_active": False}
        )
        if new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        elif user.is_active or user.has_usable_password():
            closed = "" if user.is_active else " Their account is closed; open it again on their page."
            raise TeamError(f"{email} belongs to {user} already.{closed}")
        change(user, role, sees, teams, by)
        User.objects.filter(pk=user.pk).update(name=name)
        secret = secrets.token_urlsafe(32)
        made, _ = Invitation.objects.update_or_create(
            user=user,
            defaults={
                "digest": digest_of(secret), "invited_by": by, "sent_at": now, "expires_at": now + INVITED_FOR,
            },
        )  # fmt: skip
        return made, secret


def withdraw(user: User, by: User) -> bool:
    """The link opens nothing any more; whether there was one. Raises TeamError."""
    with _acting(by, user) as row:
        removed, _ = Invitation.objects.filter(user=row).delete()
        return bool(removed)


def accept(secret: str, name: str, password: str, now: datetime) -> User | None:
    """Open the door for whoever holds the secret, once; None if it opens nothing (any more)."""
    with transaction.atomic():
        found = Invitation.find(secret, now)
        if found is None:
            return None
        # Whoever comes second waits here, and then finds nothing to delete.
        user = User.objects.select_for_update().get(pk=found.user_id)
        removed, _ = Invitation.objects.filter(pk=found.pk, digest=digest_of(secret)).delete()
        if not removed:
            return None
        user.name, user.is_active = name, True
        user.set_password(password)
        user.save(update_fields=["name", "is_active", "password"])
        return user


def revoke(token: ApiToken, now: datetime) -> bool:
    """The token opens nothing any more; whether it did."""
    return bool(ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now))


def set_right(role: str, permission: str, allowed: bool, by: User) -> None:
    """Change a cell of the matrix; back to what the matrix says, and the row is gone. Raises TeamError."""
    if not rules.may_change(role, permission):
        raise TeamError("This cell of the matrix is fixed.")
    with as_admin(by):
        cell = RoleRight.objects.filter(role=role, permission=permission)
        if allowed == (role in rules.MATRIX[permission].roles):
            cell.delete()
        else:
            RoleRight.objects.update_or_create(role=role, permission=permission, defaults={"allowed": allowed})
