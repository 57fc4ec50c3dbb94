"""One's own profile. Nobody reaches another's: the record is always the one signed in."""

from __future__ import annotations

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from crm.team.forms import OwnPasswordForm, ProfileForm
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.web.toasts import toast


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Name and time zone."""
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
    context = {"profile": profile, "password": password}
    return render(request, "account/me.html", context, status=422 if wrong else 200)
