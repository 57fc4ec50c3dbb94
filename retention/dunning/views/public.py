"""What products and foreign pages ask without a sign-in: whether all is fine, by a token that names nobody.

No cookie is set or read. An answer says neither names nor amounts, so that it may stand on any page and in any cache
for a moment.
"""

from __future__ import annotations

import hashlib
import json

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.web import clock
from retention.dunning import reading
from retention.dunning.actions import tokens
from retention.dunning.models import DunningSettings

#: So long an answer may be kept, in seconds.
_KEPT = 60


@login_not_required
@require_safe
def status(request: HttpRequest, token: str) -> HttpResponse:
    row = tokens.found(token)
    if row is None:
        return _open(_json({"detail": "No such token, or it was revoked."}, 404))
    told = reading.standing(row.account_id, clock.now(), DunningSettings.the_only())
    answer = _open(_json(told))
    tag = f'"{hashlib.sha256(answer.content).hexdigest()[:24]}"'
    asked = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    if tag in asked:
        answer = _open(HttpResponseNotModified())
    answer.headers["ETag"], answer.headers["Cache-Control"] = tag, f"public, max-age={_KEPT}"
    return answer


def _json(told: dict[str, object], code: int = 200) -> HttpResponse:
    answer = HttpResponse(json.dumps(told), content_type="application/json", status=code)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _open(answer: HttpResponse) -> HttpResponse:
    """Any page may read it: who has the token may know what it says, and nothing hangs on a cookie."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Expose-Headers"] = "ETag"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@login_not_required
@require_safe
def banner(request: HttpRequest) -> HttpResponse:
    """The script that foreign pages load; the same for all."""
    answer = render(request, "retention/dunning/public/banner.js", content_type="text/javascript; charset=utf-8")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer
