"""How people of ours sign in."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class SignInAdapter(DefaultAccountAdapter):
    """Nobody signs up: admins make users."""

    error_messages: ClassVar[dict[str, str]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "E-mail address and password do not belong together. "
        "Check both, or reset the password below.",
        "too_many_login_attempts": "Too many tries with this address. Wait five minutes, or reset the password below.",
        "account_inactive": "This account is closed. An admin can open it again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Users have no name but their e-mail."""
