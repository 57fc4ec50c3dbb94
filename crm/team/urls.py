"""The addresses of this room: signing in under allauth's own names, and oneself. Nobody signs up."""

from allauth.account import views as allauth
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from crm.team import views

_sign_in = [
    path("", allauth.login, name="account_login"),
    path("code/", factor.authenticate, name="mfa_authenticate"),
    path("passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("again/passkey/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("again/", allauth.reauthenticate, name="account_reauthenticate"),
    path("again/code/", factor.reauthenticate, name="mfa_reauthenticate"),
    path("out/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("password/", allauth.password_reset, name="account_reset_password"),
    path("password/sent/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/changed/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
]

_second_factor = [
    path("", factor.index, name="mfa_index"),
    path("app/", totp.activate_totp, name="mfa_activate_totp"),
    path("app/off/", views.remove_app, name="mfa_deactivate_totp"),
    path("passkeys/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("passkeys/new/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/name/", views.rename_passkey, name="rename_passkey"),
    path("passkeys/<int:pk>/removal/", views.remove_passkey, name="remove_passkey"),
    path("codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("codes/file/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]

_team = [
    path("me/", views.me, name="me"),
    path("me/password/", views.change_password, name="password"),
    path("me/devices/", views.devices, name="devices"),
    path("me/devices/<int:pk>/ending/", views.end_device, name="end_device"),
    path("me/devices/ending/", views.end_other_devices, name="end_other_devices"),
    path("me/tokens/", views.tokens, name="tokens"),
    path("me/tokens/<int:pk>/revocation/", views.revoke_token, name="revoke_token"),
    path("invitations/<str:secret>/", views.invitation, name="invitation"),
]

urlpatterns = [
    path("sign-in/", include(_sign_in)),
    path("me/second-factor/", include(_second_factor)),
    path("", include((_team, "team"))),
]
