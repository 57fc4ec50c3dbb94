"""Where the page of a record that was merged went: old links lead on, and programs are told."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.urls import ResolverMatch, reverse
from rest_framework.permissions import SAFE_METHODS

from crm.accounts.models import Alias
from crm.duplicates.models import RECORDS
from crm.web.problems import ProblemRenderer

#: What pages of a namespace and resources of the API are about.
PAGES = {"accounts": "account", "contacts": "contact"}
RESOURCES = {"api-account-detail": "account", "api-contact-detail": "contact"}


class MovedMiddleware:
    """Asks only when nothing was found: what is there costs nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.NOT_FOUND and (match := request.resolver_match):
            return _moved(request, match) or response
        return response


def _moved(request: HttpRequest, match: ResolverMatch) -> HttpResponseBase | None:
    """The page of the record that has taken over, if there is one and the viewer may see it."""
    subject = RESOURCES.get(match.view_name) or PAGES.get(match.namespace)
    if subject is None or "pk" not in match.kwargs:
        return None
    at = Alias.holder(subject, Alias.Kind.ID, str(match.kwargs["pk"]))
    if at is None or not RECORDS[subject].objects.visible_to(request.user).filter(pk=at).exists():
        return None
    if match.view_name in RESOURCES:
        there = reverse(match.view_name, args=[at])
        return HttpResponsePermanentRedirect(there) if request.method in SAFE_METHODS else _gone(there)
    if request.method not in SAFE_METHODS:
        return None
    # For now only: a browser that remembered it would not see an undo. A part of a page leads to the page.
    return HttpResponseRedirect(reverse(f"{match.namespace}:detail", args=[at]))


def _gone(there: str) -> HttpResponse:
    """Nobody's change is written to another record than the one they read."""
    problem = {
        "type": "urn:holdfast:problem:merged", "title": HTTPStatus.GONE.phrase,
        "status": HTTPStatus.GONE.value, "detail": f"This was merged into {there}. Read that, then repeat your change.",
        "merged_into": there,
    }  # fmt: skip
    return HttpResponse(ProblemRenderer().render(problem), ProblemRenderer.media_type, HTTPStatus.GONE)
