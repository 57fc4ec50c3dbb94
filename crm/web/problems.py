"""Errors of the API as problem details (RFC 9457): type, title, status, detail, and `errors` by field."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

#: The largest body the API reads: 1 MiB.
LARGEST_BODY = 1024 * 1024


class Conflict(exceptions.APIException):
    status_code = 409
    default_detail = "This contradicts what is stored already."
    default_code = "conflict"


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


class ProblemRenderer(JSONRenderer):
    media_type = "application/problem+json"


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None, which lets the error through as a 500, for what nobody foresaw."""
    known = _translated(error, context.get("view"))
    if known is None:
        return None
    set_rollback()
    headers = {"WWW-Authenticate": header} if (header := getattr(known, "auth_header", None)) else {}
    return _Problem(_body(known), status=known.status_code, headers=headers)


class _Problem(Response):
    """A response that is a problem whatever the client asked for: `Accept` is about answers, not about errors."""

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]
        self["Content-Type"] = ProblemRenderer.media_type
        return ProblemRenderer().render(self.data)  # type: ignore[no-any-return]


def _translated(error: Exception, view: Any) -> exceptions.APIException | None:
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound("There is nothing here that you may see.")
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation():
            return exceptions.ParseError("The request is malformed.")
        case IntegrityError():
            return _conflict(error, view)
        case DataError():
            return exceptions.ValidationError("A value does not fit its field.")
    return None


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
