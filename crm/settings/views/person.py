"""One of ours: role, sight, teams, what they hold and to whom it goes, and whether they may come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from crm import slots
from crm.history.actions import act
from crm.history.toasts import undoable
from crm.settings.actions import handover, invitations, noting
from crm.settings.forms import HandOverForm, PersonForm, teams_for
from crm.settings.models import HandOver
from crm.team import actions
from crm.team.actions import TeamError
from crm.team.backends import FACTORS
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_team")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    user = _person(pk)
    teams = teams_for(user)
    form = PersonForm.of(user, teams, request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        return _told(
            request, user, lambda by: actions.change(user, data["role"], data["sees"], data["teams"], by),
            (noting.CHANGED, noting.as_said(user, data["role"], data["sees"])),
            f"Saved. It holds from {user}’s next click on.",
        )  # fmt: skip
    return _page(request, user, form, HandOverForm(giver=user, teams=teams))


def _person(pk: int) -> User:
    """With their invitation, and whether they have a second factor."""
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    people = User.objects.annotate(has_second_factor=Exists(factor)).select_related("invitation__invited_by")
    return get_object_or_404(people, pk=pk)


def _page(request: HttpRequest, user: User, form: PersonForm, handing: HandOverForm, link: str = "") -> HttpResponse:
    held = handover.held_by(user)
    context: dict[str, Any] = {
        "person": user, "form": form, "handing": handing, "link": link,
        "held": [{"many": held[name], "label": holding.label[held[name] != 1]}
                 for name, holding in slots.holdings.items() if held.get(name)],
        "invitation": getattr(user, "invitation", None),
        "waiting": HandOver.objects.filter(giver=user, until__isnull=False, returned_at=None).order_by("until"),
        "now": clock.now(),
    }  # fmt: skip
    return render(request, "crm/settings/person.html", context, status=422 if form.errors or handing.errors else 200)


def _told(
    request: HttpRequest, user: User, verb: Callable[[User], object], noted: tuple[str, str], said: str
) -> HttpResponse:
    """Do it, note it as an act of (kind, label), say what was done or why not, and go back to the page."""
    by = viewer_of(request)
    try:
        with act(*noted, by, clock.now()):
            verb(by)
    except TeamError as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        toast(request, said)
    return redirect("settings:person", user.pk)


@require_POST
@requires("manage_team")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything, in one act; the toast undoes it."""
    user, by, now = _person(pk), viewer_of(request), clock.now()
    teams = teams_for(user)
    form = HandOverForm(request.POST, giver=user, teams=teams)
    if not form.is_valid():
        return _page(request, user, PersonForm.of(user, teams), form)
    receivers, words = form.receivers()
    try:
        made = handover.hand_over(user, receivers, words, by, now, form.back_at())
    except TeamError as error:
        toast(request, str(error), level=messages.ERROR)
        return redirect("settings:person", pk)
    said = f"{made.words} of {user} {'is' if made.total == 1 else 'are'} with {words} now."
    assert made.act is not None  # just made
    undoable(request, made.act, said)
    return redirect("settings:person", pk)


@require_POST
@requires("manage_team")
def give_back(request: HttpRequest, pk: int, hand_over_pk: int) -> HttpResponse:
    """Before the day that was said."""
    made = get_object_or_404(HandOver.objects.select_related("giver"), pk=hand_over_pk, giver=pk)
    done = handover.give_back(made, viewer_of(request), clock.now())
    if not made.giver.is_active:
        toast(request, f"The account of {made.giver} is closed, so everything stays with {made.to_words}.")
        return redirect("settings:person", pk)
    stayed = f" {done.stayed} stayed where they are, since somebody gave them on meanwhile." if done.stayed else ""
    toast(request, f"{made.giver} has everything back.{stayed}")
    return redirect("settings:person", pk)


@require_POST
@requires("manage_team")
def deactivation(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = f"{user} is signed out everywhere and cannot come in any more."
    return _told(request, user, lambda by: actions.deactivate(user, by, clock.now()),
                 (noting.CLOSED, f"closed the account of {user}"), said)  # fmt: skip


@require_POST
@requires("manage_team")
def reactivation(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    noted = noting.OPENED, f"let {user} in again"
    return _told(request, user, lambda by: actions.reactivate(user, by), noted, f"{user} may come in again.")


@require_POST
@requires("manage_team")
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = f"The second factor of {user} is gone, and they are signed out. They set up a new one after signing in."
    noted = noting.FACTOR_RESET, f"reset the second factor of {user}"
    return _told(request, user, lambda by: actions.reset_second_factor(user, by), noted, said)


@require_POST
@requires("manage_team")
def sign_out(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    noted = noting.SIGNED_OUT, f"signed {user} out everywhere"
    return _told(request, user, lambda by: actions.sign_out(user, by), noted, f"{user} is signed out everywhere.")


@never_cache
@require_POST
@requires("manage_team")
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link, which makes the old one void."""
    user, by = get_object_or_404(User, pk=pk), viewer_of(request)
    teams = teams_for(user)
    mine = [team.pk for team in teams if team.has_them]  # type: ignore[attr-defined]
    try:
        _, link = invitations.invite(user.email, user.name, user.role, user.sees, mine, by, clock.now())
    except TeamError as error:
        toast(request, str(error), level=messages.ERROR)
        return redirect("settings:person", pk)
    return _page(request, _person(pk), PersonForm.of(user, teams), HandOverForm(giver=user, teams=teams), link)


@require_POST
@requires("manage_team")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    try:
        invitations.withdraw(user, viewer_of(request), clock.now())
    except TeamError as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        toast(request, f"The invitation of {user} is withdrawn. Its link opens nothing any more.")
    return redirect(reverse("settings:team") + "?tab=invited")
