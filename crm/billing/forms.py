"""What admins say about billing: by which secrets, and who a customer is."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.urls import reverse

from crm.accounts.models import Account
from crm.accounts.naming import customer_named
from crm.team.models import User

_NEVER_SHOWN = "It is never shown again. Blank keeps the one that is there."


class ConnectForm(forms.Form):
    """The secrets of Stripe, and what becomes of customers whom nobody knows."""

    stripe_signing = forms.CharField(
        label="Signing secret", required=False, max_length=200, strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "placeholder": "whsec_…"}),
        help_text=f"Of the endpoint at Stripe. The one before is believed for 24 hours more. {_NEVER_SHOWN}",
    )  # fmt: skip
    stripe_key = forms.CharField(
        label="API key", required=False, max_length=300, strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "placeholder": "rk_live_…"}),
        help_text="For the daily comparison, for trying payments again, and to tell Stripe who cancels, pauses or gets "
        "a discount. A restricted key will do: read customers and events, write subscriptions, invoices and coupons. "
        f"{_NEVER_SHOWN}",
    )  # fmt: skip
    makes_accounts = forms.BooleanField(
        label="Make an account of customers whom nobody knows", required=False,
        help_text="Otherwise they wait on this page until somebody says who they are.",
    )  # fmt: skip

    def clean_stripe_signing(self) -> str:
        given: str = self.cleaned_data["stripe_signing"]
        if given and not given.startswith("whsec_"):
            raise forms.ValidationError("A signing secret begins with whsec_: Stripe shows it with the endpoint.")
        return given

    def clean_stripe_key(self) -> str:
        given: str = self.cleaned_data["stripe_key"]
        if given and not re.fullmatch(r"(sk|rk)_(live|test)_[A-Za-z0-9_]{8,280}", given):
            raise forms.ValidationError("An API key begins with rk_live_, rk_test_, sk_live_ or sk_test_.")
        return given


class LinkForm(forms.Form):
    """Which customer of ours somebody is."""

    account = forms.CharField(label="Customer here", max_length=230, help_text="Type the first letters of the name.")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.viewer = viewer
        self.fields["account"].widget.attrs |= {
            "list": "customers", "autocomplete": "off", "hx-get": reverse("accounts:names"), "hx-target": "#customers",
            "hx-trigger": "input changed delay:150ms",
        }  # fmt: skip

    def clean_account(self) -> Account:
        return customer_named(self.cleaned_data["account"], self.viewer)
