"""Whose installation it is, and who must have a second factor."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from crm.settings.forms import OrganisationForm, SecondFactorForm
from crm.team.backends import FACTORS
from crm.team.models import Organisation, User
from crm.team.permissions import requires
from crm.web.toasts import toast


def _saved(form: ModelForm[Organisation], field: str) -> None:
    """The one column: two admins at two forms do not undo each other."""
    Organisation.objects.update_or_create(pk=Organisation.ONLY, defaults={field: form.cleaned_data[field]})


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def organisation(request: HttpRequest) -> HttpResponse:
    form = OrganisationForm(request.POST if request.method == "POST" else None, instance=Organisation.the_only())
    if form.is_valid():
        _saved(form, "name")
        toast(request, "Saved.")
        return redirect("settings:organisation")
    context: dict[str, Any] = {
        "form": form, "zone": settings.TIME_ZONE, "currency": settings.CURRENCY,
        "address": settings.BASE_URL,
    }  # fmt: skip
    return render(request, "crm/settings/organisation.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def second_factor(request: HttpRequest) -> HttpResponse:
    """From everybody's next click on, whoever must have one and has none is led to set it up."""
    form = SecondFactorForm(request.POST if request.method == "POST" else None, instance=Organisation.the_only())
    if form.is_valid():
        _saved(form, "second_factor")
        toast(request, "Saved. Whoever has none yet sets it up before anything else.")
        return redirect("settings:second_factor")
    context = {"form": form, "without": _without()[:50]}
    return render(request, "crm/settings/second_factor.html", context, status=422 if form.errors else 200)


def _without() -> QuerySet[User]:
    having = Authenticator.objects.filter(type__in=FACTORS).values("user")
    return User.objects.filter(is_active=True).exclude(pk__in=having).order_by("name", "pk")
