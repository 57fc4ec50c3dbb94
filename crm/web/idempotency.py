"""POST with an `Idempotency-Key` happens once: the same key and request get the first answer again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from crm.web import clock
from crm.web.models import IdempotentAnswer
from crm.web.problems import Conflict, KeyReused

#: Promised are 24 hours; whoever retries for a day must find the key at the day's end.
KEPT = timedelta(hours=48)
LONGEST_KEY = 200
#: Old keys deleted by each new one: more than one, so that they cannot pile up.
SWEEP = 20

KEPT_HEADERS = ("Location", "ETag")

KEY_PARAMETER = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER,
    description="Makes the request happen once: repeated within 48 hours, it gets the first answer again.",
)  # fmt: skip

type Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Callable[..., Response | HttpResponse]:
    """For handlers of POST. Key, effects and answer commit together; a refused request (4xx) keeps no key.

    Another request with the key that is still under way answers 409; another body or address under the key, 422.
    """

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response | HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
            raise ValidationError({"Idempotency-Key": [f"must be 1 to {LONGEST_KEY} printable ASCII characters"]})
        with transaction.atomic():
            return _once(request, key, lambda: handler(view, request, *args, **kwargs))

    return once


def _once(request: Request, key: str, work: Callable[[], Response]) -> Response | HttpResponse:
    now, token, digest = clock.now(), request.auth.pk, _digest(request)
    if not _lock(f"{token}:{key}"):
        raise Conflict("A request with this Idempotency-Key is still under way. Try again in a moment.")
    # Read after the lock, so that it sees what the request before us committed.
    if known := IdempotentAnswer.objects.filter(token_id=token, key=key).first():
        if known.request_digest != digest:
            raise KeyReused
        return _replay(known)
    answer = IdempotentAnswer.objects.create(token_id=token, key=key, request_digest=digest, created_at=now)
    response = work()
    answer.status = response.status_code
    answer.body = JSONRenderer().render(response.data).decode()
    answer.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    answer.save(update_fields=["status", "body", "headers"])
    _sweep(now)
    return response


def _digest(request: Request) -> str:
    django_request = request._request
    digest = hashlib.sha256(f"{request.method} {django_request.get_full_path()}\n".encode())
    if request.content_type.startswith("multipart/"):
        _feed_parts(digest, request)
    else:
        digest.update(django_request.body)
    return digest.hexdigest()


def _feed_parts(digest: Any, request: Request) -> None:
    """Fields and files by themselves: whoever repeats a form draws another boundary, and a file may be a large one."""
    fields: Any = request.data
    told = [[name, *(text for text in values if isinstance(text, str))] for name, values in fields.lists()]
    digest.update(json.dumps(sorted(told)).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(json.dumps([name, file.name, file.size]).encode())
            for piece in file.chunks():
                digest.update(piece)
            file.seek(0)


def _lock(name: str) -> bool:
    """Until the end of the transaction; False at once when another has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency:' || %s, 0))", [name])
        (taken,) = cursor.fetchone()
    return bool(taken)


def _replay(answer: IdempotentAnswer) -> HttpResponse:
    headers = answer.headers | {"Idempotency-Replayed": "true"}
    return HttpResponse(answer.body, status=answer.status, content_type="application/json", headers=headers)


def _sweep(now: datetime) -> None:
    old = IdempotentAnswer.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
    ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:SWEEP])
    if ids:
        IdempotentAnswer.objects.filter(pk__in=ids).delete()
