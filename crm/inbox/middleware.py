"""What providers post goes straight to its view: it proves itself, and has no session, no form and nobody signed in."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

#: Where the addresses of HOOKS_URLCONF begin.
HOOKS = "/hooks/"


class HooksMiddleware:
    """Stands behind what guards the host and writes the headers of every answer, before what is for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(HOOKS):
            return self.get_response(request)
        match = request.resolver_match = resolve(f"/{request.path_info.removeprefix(HOOKS)}", settings.HOOKS_URLCONF)
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response
