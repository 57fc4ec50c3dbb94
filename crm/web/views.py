"""Whether the process lives and the installation works, and the choice of light or dark."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from crm.web import clock
from crm.web.context import THEME_COOKIE, THEMES
from crm.web.models import HEARTBEAT, Pulse
from crm.web.returning import next_url

logger = logging.getLogger(__name__)

#: Beat rings every 30 seconds; four missed rings are no accident.
HEARTBEAT_MAX_AGE = timedelta(seconds=120)
BROKER_SECONDS = 1
YEAR_SECONDS = 365 * 24 * 3600


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when pages and mail can work, else 503; says which part is out."""
    now = clock.now()
    checks = {"database": _database(), "broker": _broker()}
    checks["beat"] = _beat(now) if checks["database"]["ok"] else {"ok": False, "error": "the database does not answer"}
    ready = all(check["ok"] for check in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _database() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("Not ready, the database does not answer: %s", error)
        return {"ok": False, "error": "does not answer"}
    return {"ok": True}


def _broker() -> dict[str, Any]:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS, retry=None
    )
    try:
        client.ping()
    except redis.RedisError as error:
        logger.warning("Not ready, the broker does not answer: %s", error)
        return {"ok": False, "error": "does not answer"}
    finally:
        client.close()
    return {"ok": True}


def _beat(now: datetime) -> dict[str, Any]:
    pulse = Pulse.objects.filter(name=HEARTBEAT).first()
    if pulse is None:
        return {"ok": False, "error": "has never run"}
    age = now - pulse.ran_at
    return {"ok": age <= HEARTBEAT_MAX_AGE, "age_seconds": round(age.total_seconds())}


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep light, dark or system in a cookie that the server reads, so that no page flashes."""
    response = redirect(next_url(request, "/"))
    if (chosen := request.POST.get("theme")) in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=YEAR_SECONDS, samesite="Lax", httponly=True, secure=request.is_secure()
        )
    return response
