"""A passkey in a real browser, kept by a virtual authenticator: made, used alone, beside the password, removed."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect

from crm.team.models import Organisation
from tests.browser import IN_A_BROWSER

pytestmark = IN_A_BROWSER

_DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def give_password(page: Page) -> None:
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill("correct horse")
    page.keyboard.press("Enter")


def sign_out(page: Page, server: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{server}/sign-in/")


def test_a_passkey_opens_the_door(page: Page, live_server: Any, make_user: Any, settings: Any) -> None:
    server = live_server.url
    settings.ALLOWED_HOSTS = ["*"]
    ada = make_user("Ada", "admin")
    Organisation.objects.create(pk=1, name="Kelp", second_factor="admins")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})

    # An admin must have a second factor: a passkey is one, and the way on leads by the recovery codes.
    page.goto(f"{server}/sign-in/")
    give_password(page)
    page.get_by_role("link", name="Use a passkey instead").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.goto(f"{server}/accounts/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Accounts")
    assert Authenticator.objects.get(user=ada, type="webauthn").wrap().name == "Laptop"

    # Alone.
    sign_out(page, server)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ada")

    # Beside the password.
    sign_out(page, server)
    give_password(page)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ada")

    # The only factor of somebody who must have one stays; it can be called something else.
    page.goto(f"{server}/me/second-factor/")
    page.get_by_label("Change Laptop").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("Add another first")).to_be_visible()
    page.get_by_label("Change Laptop").click()
    page.get_by_label("Name", exact=True).fill("Work laptop")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Change Work laptop")).to_be_visible()
    Organisation.objects.update(second_factor="optional")
    page.get_by_label("Change Work laptop").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("heading", name="Passkeys", exact=True)).to_be_visible()
    assert not Authenticator.objects.exists()

    # A device whose passkey is not known any more is refused in words.
    sign_out(page, server)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("does not open this account")).to_be_visible()
    assert complaints == []
