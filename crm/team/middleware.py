"""What is done about the viewer around every page: their zone, their last visit, and the second factor they owe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from crm.web import clock

#: Where whoever owes a second factor may still go.
_OPEN = frozenset({
    "mfa_activate_totp", "mfa_add_webauthn", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
    "account_reauthenticate", "account_logout", "web:theme",
})  # fmt: skip


class ViewerMiddleware:
    """Pages show times in the viewer's zone. When somebody was here last is all that reading a page may write."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            request.user.visited(clock.now())
            with timezone.override(request.user.zone):
                return self.get_response(request)
        return self.get_response(request)


class SecondFactorMiddleware:
    """Who must have a second factor and has none is led to set it up, and gets nowhere else.

    It stands in front of every view that wants somebody signed in; tokens of the API are no sign-in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user = request.user
        if not user.is_authenticated or not getattr(view, "login_required", True):
            return None
        if not getattr(user, "owes_second_factor", False):
            return None
        if request.resolver_match and request.resolver_match.view_name in _OPEN:
            return None
        if getattr(request, "htmx", False):
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return redirect("mfa_activate_totp")
