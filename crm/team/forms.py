"""What people may change about themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from allauth.account import forms as allauth
from allauth.mfa.base import forms as codes
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm

from crm.team.models import ApiToken, User
from crm.team.starting import start_pages_for
from crm.web.fields import ZoneField


class ProfileForm(forms.ModelForm):
    """Name, time zone and start page; e-mail and role are an admin's to change."""

    time_zone = ZoneField(help_text="Times are shown in it. Blank: the installation's zone.")
    start_page = forms.ChoiceField(required=False, label="Start with", help_text="What you see after signing in.")

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["name", "time_zone", "start_page"]
        widgets: ClassVar[dict[str, Any]] = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pages = start_pages_for(self.instance)
        if pages:
            chosen: Any = self.fields["start_page"]
            chosen.choices = [("", "Today"), *((name, start.label) for name, start in pages.items())]
        else:
            del self.fields["start_page"]  # there is nothing to choose


class OwnPasswordForm(PasswordChangeForm):
    """Django's, in our words."""

    error_messages: ClassVar[dict[str, Any]] = {
        **PasswordChangeForm.error_messages,
        "password_incorrect": "That is not your present password. Enter it again, or reset it from the sign-in page.",
        "password_mismatch": "The two new passwords differ. Enter the same one twice.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "Present password"
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].label = "New password"
        self.fields["new_password1"].help_text = "At least 10 characters. A few words in a row are easy to keep."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""


class SignInForm(allauth.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, login="E-mail address", password="Password")  # noqa: S106  a label


class ForgottenForm(allauth.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, email="E-mail address")


class NewPasswordForm(allauth.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, password1="New password", password2="New password again")


class AgainForm(allauth.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, password="Password")  # noqa: S106  a label


class CodeForm(codes.AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, code="Code")


class CodeAgainForm(codes.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, code="Code")


class FirstCodeForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, code="The six digits that your app shows now")


class WelcomeForm(SetPasswordForm):
    """Name and password of somebody who was invited."""

    error_messages: ClassVar[dict[str, Any]] = {
        "password_mismatch": "The two passwords differ. Enter the same one twice."
    }
    name = forms.CharField(max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order: ClassVar[list[str]] = ["name", "new_password1", "new_password2"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self, new_password1="Password", new_password2="Password again")
        self.fields["new_password1"].help_text = "At least 10 characters. A few words in a row are easy to keep."


class TokenForm(forms.Form):
    """A new key to the API."""

    #: Days until it expires.
    LIVES: ClassVar = {"30": "30 days", "90": "90 days", "365": "One year", "": "Never"}

    name = forms.CharField(
        max_length=80,
        label="What it is for",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Nightly export"}),
    )
    scope = forms.ChoiceField(label="It may", choices=ApiToken.Scope.choices)
    days = forms.ChoiceField(label="Expires after", choices=list(LIVES.items()), required=False, initial="90")

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return now + timedelta(days=int(days)) if days else None


def _reword(form: forms.Form, **labels: str) -> None:
    """Our labels, and nothing that says them again."""
    for name, label in labels.items():
        field = form.fields[name]
        field.label, field.help_text = label, ""
        field.widget.attrs.pop("placeholder", None)
