"""Where the page of a record that was merged went: old links lead on, and whoever writes to it is told."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import render
from django.urls import ResolverMatch, reverse
from django_htmx.http import reselect, reswap, retarget
from rest_framework.permissions import SAFE_METHODS

from crm.accounts.models import Alias
from crm.duplicates.models import RECORDS, Merge
from crm.web.problems import ProblemRenderer

#: What pages of a namespace, single pages and resources of the API are about, and where the page of each is.
PAGES = {"accounts": "account", "contacts": "contact", "touches": "account"}
SINGLE = {"correspondence:write": "account"}
DETAILS = {"account": "accounts:detail", "contact": "contacts:detail"}
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
    subject = RESOURCES.get(match.view_name) or SINGLE.get(match.view_name) or PAGES.get(match.namespace)
    if subject is None or "pk" not in match.kwargs:
        return None
    at = Alias.holder(subject, Alias.Kind.ID, str(match.kwargs["pk"]))
    taker = RECORDS[subject].objects.visible_to(request.user).filter(pk=at).first() if at else None
    if taker is None:
        return None
    if match.view_name in RESOURCES:
        there = reverse(match.view_name, args=[at])
        return HttpResponsePermanentRedirect(there) if request.method in SAFE_METHODS else _gone(there)
    if request.method not in SAFE_METHODS:
        return _nothing_kept(request, subject, match.kwargs["pk"], taker)
    # For now only: a browser that remembered it would not see an undo. A part of a page leads to the page.
    return HttpResponseRedirect(reverse(DETAILS[subject], args=[at]))


def _nothing_kept(request: HttpRequest, subject: str, lost: int, taker: Any) -> HttpResponse:
    """Says what became of the record, and gives back what was typed, so that it can be written where it belongs."""
    merge = Merge.objects.filter(subject=subject, loser_id=lost, undone_at=None).select_related("by").last()
    context = {
        "taker": taker, "merge": merge, "what": {"account": "customer", "contact": "person"}[subject],
        "typed": [(_label(name), ", ".join(found)) for name, values in request.POST.lists()
                  if name not in _UNSAID and (found := [value for value in values if value.strip()])],
    }  # fmt: skip
    page = render(request, "crm/duplicates/moved.html", context, status=HTTPStatus.CONFLICT)
    return reswap(reselect(retarget(page, "main"), "main"), "outerHTML")  # of a part of a page: the page's place


#: What forms carry along that nobody typed.
_UNSAID = {"csrfmiddlewaretoken", "version", "next"}


def _label(name: str) -> str:
    return name.replace("__", " ").replace("_", " ").strip().capitalize()


def _gone(there: str) -> HttpResponse:
    """Nobody's change is written to another record than the one they read."""
    problem = {
        "type": "urn:holdfast:problem:merged", "title": HTTPStatus.GONE.phrase,
        "status": HTTPStatus.GONE.value, "detail": f"This was merged into {there}. Read that, then repeat your change.",
        "merged_into": there,
    }  # fmt: skip
    return HttpResponse(ProblemRenderer().render(problem), ProblemRenderer.media_type, HTTPStatus.GONE)
