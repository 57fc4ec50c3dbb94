"""Errors of the API as problem details (RFC 9457): type, title, status, detail, and `errors` by field."""

from __future__ import annotations

import logging
import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.views.defaults import bad_request, server_error
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

logger = logging.getLogger(__name__)

#: Whose errors are for programs to read.
API = "/api/"

#: Seconds after which it is worth while to ask a database again that did not answer.
RETRY_AFTER = 30

#: The largest body the API reads: 1 MiB.
LARGEST_BODY = 1024 * 1024


class Conflict(exceptions.APIException):
    status_code = 409
    default_detail = "This contradicts what is stored already."
    default_code = "conflict"


def refused_by(form: Any) -> exceptions.ValidationError:
    """What a page's form refuses, as the API says it: by field."""
    return exceptions.ValidationError({name: list(map(str, errors)) for name, errors in form.errors.items()})


class PreconditionFailed(exceptions.APIException):
    status_code = 412
    default_detail = "Somebody has changed this since you read it. Read it again, then repeat your change."
    default_code = "precondition-failed"


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_detail = f"The body is larger than {LARGEST_BODY // 1024} KiB. Send it in several requests."
    default_code = "body-too-large"


class KeyReused(exceptions.APIException):
    status_code = 422
    default_detail = "This Idempotency-Key was used for another request. Use a new key for each new request."
    default_code = "idempotency-key-reused"


class Unforeseen(exceptions.APIException):
    """What happened stands in the log: whoever calls must not learn how the inside looks."""

    default_detail = "Something went wrong here, and nothing was changed. It is in the server's log."
    default_code = "internal-error"


class DatabaseAway(exceptions.APIException):
    status_code = 503
    default_detail = "The database does not answer at the moment, and nothing was changed. Try again in a minute."
    default_code = "database-away"


class ProblemRenderer(JSONRenderer):
    media_type = "application/problem+json"


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler; what nobody foresaw is logged and tells nothing."""
    known = _translated(error, context.get("view"))
    if known.status_code >= 500:
        request = context.get("request")
        logger.error("%s %s failed", getattr(request, "method", ""), getattr(request, "path", ""), exc_info=error)
    set_rollback()
    headers = {"WWW-Authenticate": header} if (header := getattr(known, "auth_header", None)) else {}
    return _Problem(_body(known), status=known.status_code, headers=headers)


class _Problem(Response):
    """A response that is a problem whatever the client asked for: `Accept` is about answers, not about errors."""

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]
        self["Content-Type"] = ProblemRenderer.media_type
        return ProblemRenderer().render(self.data)  # type: ignore[no-any-return]


def _translated(error: Exception, view: Any) -> exceptions.APIException:
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound("There is nothing here that you may see.")
        case PermissionDenied():
            return exceptions.PermissionDenied(str(error) or None)
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation():
            return exceptions.ParseError("The request is malformed.")
        case IntegrityError():
            return _conflict(error, view)
        case DataError():
            return exceptions.ValidationError("A value does not fit its field.")
        case OperationalError() | InterfaceError():
            return DatabaseAway()
    return Unforeseen()


def _conflict(error: IntegrityError, view: Any) -> Conflict:
    """The view's `conflicts` say what each constraint means: name → (field, sentence)."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    field, sentence = getattr(view, "conflicts", {}).get(name, (None, Conflict.default_detail))
    return Conflict({field: [sentence]} if field else sentence)


def _body(error: exceptions.APIException) -> dict[str, Any]:
    status = HTTPStatus(error.status_code)
    body: dict[str, Any] = {
        "type": f"urn:holdfast:problem:{error.default_code.replace('_', '-')}",
        "title": status.phrase,
    }
    body |= {"status": error.status_code}
    if isinstance(error.detail, dict):
        return body | {"detail": "; ".join(_sentences(error.detail)), "errors": error.detail}
    detail = error.detail if isinstance(error.detail, str) else "; ".join(_sentences(error.detail))
    return body | {"detail": detail}


def _sentences(detail: Any, place: str = "") -> list[str]:
    if isinstance(detail, dict):
        return [
            sentence
            for name, inner in detail.items()
            for sentence in _sentences(
                inner, place if name == "non_field_errors" else f"{place}{'.' * bool(place)}{name}"
            )
        ]
    if isinstance(detail, list | tuple):
        return [sentence for inner in detail for sentence in _sentences(inner, place)]
    return [f"{place}: {detail}" if place else str(detail)]


def handler500(request: HttpRequest) -> HttpResponseBase:
    """Django's page without details, and a problem for programs: what fails before or after the API's own views.

    While the database is away the page says so, and needs nothing of it.
    """
    away = isinstance(sys.exception(), OperationalError | InterfaceError)
    if request.path.startswith(API):
        return _outside(request, DatabaseAway() if away else Unforeseen())
    if away:
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": RETRY_AFTER})
    return server_error(request)


def handler400(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not request.path.startswith(API):
        return bad_request(request, exception)
    return _outside(request, exceptions.ParseError("The request is malformed."))


def _outside(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    """A problem where DRF is not at work."""
    return HttpResponse(ProblemRenderer().render(_body(error)), ProblemRenderer.media_type, error.status_code)
