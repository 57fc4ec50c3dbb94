"""Passkeys: what a browser answers when somebody shows theirs, checked, with words of ours for what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.webauthn import forms as allauth
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.exceptions import ValidationError

LONGEST_NAME = 60


@contextmanager
def _checking() -> Iterator[None]:
    """The library names a wrong code, and lets pass what it cannot take apart."""
    try:
        yield
    except ValidationError as error:
        if getattr(error, "code", "") != "incorrect_code":
            raise
        raise ValidationError("This passkey does not open this account. Try again, or use another way.") from None
    except (ValueError, TypeError, KeyError, AttributeError, InvalidSignature):
        raise ValidationError("The browser’s answer was not understood. Load the page again and retry.") from None


class NewPasskeyForm(allauth.AddWebAuthnForm):
    """A passkey that is made just now. It always opens the account alone, by face, finger or PIN."""

    name = forms.CharField(
        label="Name", max_length=LONGEST_NAME, required=False, widget=forms.TextInput({"autocomplete": "off"}),
        help_text="What you will know it by: the device, or the app that keeps it.",
    )  # fmt: skip
    passwordless = forms.BooleanField(initial=True, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        with _checking():
            return super().clean()  # type: ignore[no-any-return]


class _Shown:
    """Somebody shows a passkey of theirs."""

    def clean_credential(self) -> Any:
        with _checking():
            return super().clean_credential()  # type: ignore[misc]


class PasskeyForm(_Shown, allauth.AuthenticateWebAuthnForm):
    """Beside the password."""


class PasskeyAloneForm(_Shown, allauth.LoginWebAuthnForm):
    """In place of the password."""


class PasskeyAgainForm(_Shown, allauth.ReauthenticateWebAuthnForm):
    """Before something grave."""


class PasskeyNameForm(forms.Form):
    name = forms.CharField(
        max_length=LONGEST_NAME, error_messages={"required": "Give it a name, such as the device’s."}
    )
