"""What a request changes is put down to whoever signed in, by page or by API; requests that only read cost nothing."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from crm.history.attribution import through
from crm.history.models import Door
from crm.team.models import ApiToken

_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class AttributionMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in _READING:
            return self.get_response(request)

        # The API knows its user only in the view: the framework then sets both on the request it was given.
        def door() -> str:
            return Door.API if isinstance(getattr(request, "auth", None), ApiToken) else Door.PAGE

        with through(door, lambda: getattr(request.user, "pk", None)):
            return self.get_response(request)
