"""Who calls the API: `Authorization: Bearer hf_…`."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission


class TokenAuthentication(BaseAuthentication):
    """Tokens made by `create_token`."""

    def authenticate(self, request):  # type: ignore[no-untyped-def]
        return None


class ScopePermission(BasePermission):
    """Reading needs any token, writing one with scope write."""

    def has_permission(self, request, view):  # type: ignore[no-untyped-def]
        return False
