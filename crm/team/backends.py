"""Who is signed in, with all that each request asks about them, in the one query that reads their row."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, OuterRef, Subquery, When

from crm.team.models import Organisation, RoleRight, User, mates_of

#: Codes for the day on which the phone is lost are no second factor of their own.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class SignInBackend(AuthenticationBackend):
    """allauth's, whose users bring their rights along: nothing is cached, so nothing is stale, and nothing is asked
    twice."""

    def get_user(self, user_id: Any) -> User | None:
        users = User.objects.annotate(
            changed=RoleRight.changed_for("role"),
            has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)),
            second_factor_for=Subquery(Organisation.objects.values("second_factor")[:1]),
            team_mates=Case(When(sees=User.Sees.TEAM, then=ArraySubquery(mates_of(OuterRef("pk"))))),
            start_put_away_at=Subquery(Organisation.objects.values("start_put_away_at")[:1]),
        )
        user = users.filter(pk=user_id, is_active=True).first()
        if user is not None:
            user.changed_rights = RoleRight.read(user.changed)
            user.mates = user.team_mates
        return user
