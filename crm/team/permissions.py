"""Who may do what: `allows` asks, `demand` and `requires` refuse, and the refusal says whom one can ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from crm.team import rules
from crm.team.models import RoleRight, User

#: Colleagues that a refusal names.
_NAMED = 5


class Missing(PermissionDenied):
    """Somebody lacks a permission."""

    def __init__(self, permission: str) -> None:
        self.permission = permission
        super().__init__(f"Your role does not let you {rules.MATRIX[permission].does}. An admin can change that.")


def allows(user: Any, permission: str) -> bool:
    """Whether this user may do it, as the matrix stands now. Raises KeyError for a permission that is not in it."""
    role = getattr(user, "role", "")
    if not getattr(user, "is_active", False) or not role:
        return rules.allowed("", permission, {})
    return rules.allowed(role, permission, {} if role == rules.ADMIN else user.changed_rights)


def demand(user: Any, permission: str) -> None:
    """Raises Missing, which pages and API answer with 403."""
    if not allows(user, permission):
        raise Missing(permission)


def requires(permission: str) -> Callable[[Any], Any]:
    """Decorates a view of pages: whoever lacks the permission reads which, and who has it."""
    rules.MATRIX[permission]  # a wrong name is found when the module is imported

    def decorate(view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
            demand(request.user, permission)
            return view(request, *args, **more)  # type: ignore[no-any-return]

        return guarded

    return decorate


def permitted(permission: str, *, reading: str = "view") -> type[BasePermission]:
    """For `permission_classes` of the API: reading needs one permission, writing the other."""

    class Permitted(BasePermission):
        message = str(Missing(permission))

        def has_permission(self, request: Request, view: Any) -> bool:
            return allows(request.user, reading if request.method in SAFE_METHODS else permission)

    return Permitted


def colleagues_who_may(permission: str, limit: int = _NAMED) -> list[User]:
    """Some of those who have it, admins first."""
    changed: dict[str, dict[str, bool]] = {}
    for role, name, given in RoleRight.objects.filter(permission=permission).values_list(
        "role", "permission", "allowed"
    ):
        changed.setdefault(role, {})[name] = given
    roles = [role for role in rules.ROLES if rules.allowed(role, permission, changed.get(role, {}))]
    # “admin” is the first of the roles by the alphabet too.
    return list(User.objects.filter(is_active=True, role__in=roles).order_by("role", "name", "pk")[:limit])


def refused(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """The 403 page: what is missing, and which colleagues can do it."""
    context: dict[str, Any] = {}
    if isinstance(exception, Missing) and request.user.is_authenticated:
        context = {
            "right": rules.MATRIX[exception.permission],
            "colleagues": colleagues_who_may(exception.permission),
        }
    return render(request, "403.html", context, status=403)
