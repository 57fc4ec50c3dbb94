"""Oneself: profile, password, devices, tokens; and the door through which somebody who was invited comes in.

Nobody reaches another's: the record is always the one signed in, or the one that a secret names.
"""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import deactivate_totp
from allauth.mfa.webauthn.internal import flows as passkeys
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.team import actions, sessions
from crm.team.devices import words_for
from crm.team.forms import OwnPasswordForm, ProfileForm, TokenForm, WelcomeForm
from crm.team.models import ApiToken, Invitation, User
from crm.team.passkeys import PasskeyNameForm
from crm.team.second_factor import SecondFactorAdapter, giving_up
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Name, time zone and start page."""
    # A row of its own, so that a refused form does not change what the shell shows.
    user = User.objects.get(pk=viewer_of(request).pk)
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=user)
    if form.is_valid():
        form.save()
        toast(request, "Your profile is saved.")
        return redirect("team:me")
    return _page(request, form, OwnPasswordForm(request.user))


@sensitive_post_parameters()
@require_POST
def change_password(request: HttpRequest) -> HttpResponse:
    """Ends every other session of the user, not this one. Whoever found a screen unlocked gets few guesses."""
    if not ratelimit.consume(request, action="change_password", user=request.user):
        toast(request, "Too many tries. Wait a minute, then enter your present password again.", level=messages.ERROR)
        return redirect("team:me")
    form = OwnPasswordForm(request.user, request.POST)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        toast(request, "Your password is changed. Other devices are signed out.")
        return redirect("team:me")
    return _page(request, ProfileForm(instance=request.user), form)


def _page(request: HttpRequest, profile: ProfileForm, password: OwnPasswordForm) -> HttpResponse:
    wrong = profile.is_bound or password.is_bound
    teams = [team.name for team in viewer_of(request).teams.order_by("name")]
    context = {"profile": profile, "password": password, "teams": teams, "tab": "profile"}
    return render(request, "account/me.html", context, status=422 if wrong else 200)


@require_safe
def devices(request: HttpRequest) -> HttpResponse:
    """Where the viewer is signed in."""
    here = request.session.session_key
    found = [
        {"pk": one.pk, "words": words_for(one.agent), "address": one.address, "since": one.signed_in_at,
         "here": one.session_key == here}
        for one in sessions.devices_of(viewer_of(request), clock.now())
    ]  # fmt: skip
    return render(request, "account/devices.html", {"devices": found, "tab": "devices"})


@require_POST
def end_device(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign one of the viewer's other devices out."""
    others = sessions.devices_of(viewer_of(request), clock.now()).exclude(session_key=request.session.session_key)
    if sessions.end(others.filter(pk=pk)):
        toast(request, "That device is signed out.")
    else:
        toast(request, "That device was signed out already. Nothing changed.", level=messages.INFO)
    return redirect("team:devices")


@require_POST
def end_other_devices(request: HttpRequest) -> HttpResponse:
    """Sign everything else out, and stay signed in here."""
    user = viewer_of(request)
    sessions.sign_out_everywhere(user)
    # The session here begins anew with the hash that holds from now on.
    user = User.objects.get(pk=user.pk)
    update_session_auth_hash(request, user)
    sessions.note(request, user, clock.now())
    toast(request, "All other devices are signed out.")
    return redirect("team:devices")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The viewer's keys to the API; a new one's secret is on the page that answers its form, and never again."""
    user, now, secret = viewer_of(request), clock.now(), ""
    form = TokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        raise_if_reauthentication_required(request, app="allauth.mfa")
        if form.is_valid():
            given = form.cleaned_data
            _, secret = ApiToken.issue(user, given["scope"], given["name"], form.expires_at(now))
            form = TokenForm()
    context = {
        "tokens": user.tokens.filter(revoked_at=None).order_by("-created_at", "-pk"),
        "form": form, "secret": secret, "now": now, "tab": "tokens",
    }  # fmt: skip
    return render(request, "account/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(viewer_of(request).tokens, pk=pk)
    if actions.revoke(token, clock.now()):
        toast(request, f"“{token.name or 'The token'}” opens nothing any more.")
    else:
        toast(request, "That token was revoked already. Nothing changed.", level=messages.INFO)
    return redirect("team:tokens")


@require_POST
def rename_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    passkey, form = _passkey(request, pk), PasskeyNameForm(request.POST)
    if form.is_valid():
        passkeys.rename_authenticator(request, passkey, form.cleaned_data["name"])
        toast(request, f"The passkey is called {form.cleaned_data['name']} now.")
    else:
        toast(request, str(form.errors["name"][0]), level=messages.ERROR)
    return redirect("mfa_index")


@require_POST
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """It opens nothing any more. The last factor of somebody who must have one stays."""
    passkey = _passkey(request, pk)
    with giving_up(viewer_of(request)):
        if not Authenticator.objects.filter(pk=pk).exists():
            toast(request, "That passkey was removed already. Nothing changed.", level=messages.INFO)
        elif SecondFactorAdapter().can_delete_authenticator(passkey):
            passkeys.remove_authenticator(request, passkey)
        else:
            text = "Your organisation requires a second factor, and this is your only one. Add another first."
            toast(request, text, level=messages.ERROR)
    return redirect("mfa_index")


def remove_app(request: HttpRequest) -> HttpResponseBase:
    """As `remove_passkey`, of the authenticator app; the library's page asks first."""
    with giving_up(viewer_of(request)):
        return deactivate_totp(request)


def _passkey(request: HttpRequest, pk: int) -> Authenticator:
    """One of the viewer’s own."""
    return get_object_or_404(Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN)


@sensitive_post_parameters()
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Whoever has the secret sets name and password, once, and is in. Reading the page accepts nothing."""
    now = clock.now()
    found = Invitation.find(secret, now)
    if found is None:
        return render(request, "account/invitation_over.html", status=410)
    form = WelcomeForm(
        found.user, request.POST if request.method == "POST" else None, initial={"name": found.user.name}
    )
    if form.is_valid():
        user = actions.accept(secret, form.cleaned_data["name"], form.cleaned_data["new_password1"], now)
        if user is None:
            return render(request, "account/invitation_over.html", status=410)
        login(request, user, backend="crm.team.backends.SignInBackend")
        sessions.note(request, user, now)
        toast(request, f"Welcome, {user}. You are signed in.")
        return redirect("home:today")
    context = {"form": form, "invitation": found}
    return render(request, "account/invitation.html", context, status=422 if form.errors else 200)
