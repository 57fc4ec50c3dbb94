"""Who calls the API: `Authorization: Bearer hf_…`, with the rights of the token's user."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from crm.team.models import ApiToken, User
from crm.web import clock

#: Longer than any secret of ours.
LONGEST_SECRET = 200


class TokenAuthentication(BaseAuthentication):
    """Tokens of ours. One that is revoked or expired, or whose user is inactive, is like none at all."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        secret = secret.strip()
        now = clock.now()
        token = ApiToken.find(secret, now) if secret.isascii() and len(secret) <= LONGEST_SECRET else None
        if token is None:
            raise AuthenticationFailed(
                "This token is not known, has expired or has been revoked. Make one under Settings, API tokens."
            )
        token.touch(now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Holdfast"'


class ScopePermission(BasePermission):
    """Reading needs any token, writing one with scope write."""

    message = "This token may only read. Make one with scope write."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            return False
        return request.method in SAFE_METHODS or request.auth.scope == ApiToken.Scope.WRITE


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
