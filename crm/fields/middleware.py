"""A request asks once which fields there are."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from crm.fields.known import asking_once


class FieldsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with asking_once():
            return self.get_response(request)
