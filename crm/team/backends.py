"""Who is signed in, with all that each request asks about them, in the one query that reads their row."""

from __future__ import annotations

from itertools import islice
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Case, Exists, OuterRef, QuerySet, Subquery, When

from crm.team.models import Organisation, RoleRight, User, mates_of
from crm.web.composed import Composed

#: Codes for the day on which the phone is lost are no second factor of their own.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]

_COLUMNS = [field.attname for field in User._meta.concrete_fields]
_BROUGHT = ("has_second_factor", "second_factor_for", "start_put_away_at")


def _with_rights(user_id: int) -> QuerySet[Any, Any]:
    users = User.objects.filter(pk=user_id, is_active=True).annotate(
        changed=RoleRight.changed_for("role"),
        has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)),
        second_factor_for=Subquery(Organisation.objects.values("second_factor")[:1]),
        team_mates=Case(When(sees=User.Sees.TEAM, then=ArraySubquery(mates_of(OuterRef("pk"))))),
        start_put_away_at=Subquery(Organisation.objects.values("start_put_away_at")[:1]),
    )
    return users.values_list(*_COLUMNS, "changed", "team_mates", *_BROUGHT)


#: Every request asks it: to compose it anew would take longer than all else that a refusal does.
_user = Composed(_with_rights, int)


class SignInBackend(AuthenticationBackend):
    """allauth's, whose users bring their rights along: nothing is cached, so nothing is stale, and nothing is asked
    twice."""

    def get_user(self, user_id: Any) -> User | None:
        if not (found := _user.rows(user_id)):
            return None
        values = iter(found[0])
        user = User.from_db(connection.alias, _COLUMNS, list(islice(values, len(_COLUMNS))))
        user.changed_rights, user.mates = RoleRight.read(next(values)), next(values)
        vars(user).update(zip(_BROUGHT, values, strict=True))
        return user
