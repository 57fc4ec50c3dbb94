"""The addresses of this room: signing in under allauth's own names, and one's own profile. Nobody signs up."""

from allauth.account import views as allauth
from django.urls import include, path, re_path

from crm.team import views

_sign_in = [
    path("", allauth.login, name="account_login"),
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

_team = [
    path("me/", views.me, name="me"),
    path("me/password/", views.change_password, name="password"),
]

urlpatterns = [
    path("sign-in/", include(_sign_in)),
    path("", include((_team, "team"))),
]
