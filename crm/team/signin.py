"""How people of ours sign in."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.utils import get_next_redirect_url
from allauth.core import context
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from crm.team import sessions
from crm.team.starting import front_url, start_url
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.returning import is_ours


class SignInAdapter(DefaultAccountAdapter):
    """Nobody signs up: admins make users."""

    error_messages: ClassVar[dict[str, str]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "E-mail address and password do not belong together. "
        "Check both, or reset the password below.",
        "too_many_login_attempts": "Too many tries with this address. Wait five minutes, or reset the password below.",
        "account_inactive": "This account is closed. An admin can open it again.",
        "incorrect_password": "That is not your password. Enter it again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        sessions.note(request, user, clock.now())

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return start_url(viewer_of(request))

    def post_login(self, request: HttpRequest, user: Any, *, redirect_url: str | None, **more: Any) -> HttpResponse:
        """Whoever was led here from the bare address has asked for no page in particular."""
        asked = redirect_url or get_next_redirect_url(request)
        begun = start_url(user) if asked in (None, front_url()) else asked
        return super().post_login(request, user, redirect_url=begun, **more)

    def is_safe_url(self, url: str | None) -> bool:
        """As everywhere else: the library would also lead to every other host that we answer to."""
        return bool(url) and is_ours(self.request, str(url))

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Users have no name but their e-mail."""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By address alone: the library adds the host that a browser names, so that each port had tries of its own."""
        return str(credentials.get("email", "")).lower()

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Before something grave; not of somebody who has only just signed in, as the library would have it."""
        request = self.request or context.request
        known = get_authentication_records(request, request.user)
        return not known or clock.now().timestamp() - known[-1]["at"] >= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
