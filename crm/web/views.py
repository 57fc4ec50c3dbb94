"""Whether the process lives and the installation works, its figures, and the choice of light or dark."""

from __future__ import annotations

import logging
from datetime import datetime
from secrets import compare_digest
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from crm.slots import LATE
from crm.web import clock, metrics, standing
from crm.web.context import THEME_COOKIE, THEMES
from crm.web.models import HEARTBEAT, Pulse
from crm.web.returning import next_url
from crm.web.standing import Standing

logger = logging.getLogger(__name__)

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
    """200 while database and broker are there and bells are answered, else 503; says which part is out.

    Work that is late, and the alarm, are told beside it and change nothing: late work wants a worker, and no pages
    would come back sooner if a load balancer took them away.
    """
    now = clock.now()
    checks = {"database": _database(), "broker": _broker()}
    how = standing.recent() if checks["database"]["ok"] else None
    checks["heartbeat"] = _heartbeat(now, how) if how else {"ok": False, "error": "the database does not answer"}
    ready = all(check["ok"] for check in checks.values())
    told = {"ready": ready, "checks": checks} | ({"work": _work(how)} if how else {})
    return JsonResponse(told, status=200 if ready else 503)


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


def _heartbeat(now: datetime, how: Standing) -> dict[str, Any]:
    """Beat rang and a worker answered. Which of the two is silent, the bells that wait in the broker tell."""
    pulse = Pulse.objects.filter(name=HEARTBEAT).first()
    if pulse is None:
        return {"ok": False, "error": "has never run"}
    age = now - pulse.ran_at
    # Beat rings every 30 seconds; four missed rings are no accident.
    told: dict[str, Any] = {"ok": age <= LATE, "age_seconds": round(age.total_seconds())}
    return told if told["ok"] or not how.stands_still else told | {"error": how.cause}


def _work(how: Standing) -> dict[str, Any]:
    return {
        "oldest_due_seconds": round(how.wait.total_seconds()),
        "late": how.total("late"),
        "alarm": how.alarming,
    }


@login_not_required
def metrics_text(request: HttpRequest) -> HttpResponse:
    """For whoever bears METRICS_TOKEN, and for admins. They name workflows and senders, so for nobody else.

    Nobody is let in for coming from this machine: behind a proxy on it, everybody does.
    """
    if given := request.headers.get("Authorization", ""):
        wanted = f"Bearer {settings.METRICS_TOKEN}"
        if not settings.METRICS_TOKEN or not compare_digest(given.encode(), wanted.encode()):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    elif not request.user.is_authenticated:
        return redirect_to_login(request.path)
    elif not getattr(request.user, "is_admin", False):
        raise PermissionDenied("The figures are for admins, and for whoever bears METRICS_TOKEN.")
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return HttpResponse(metrics.text(clock.now()), content_type="text/plain; version=0.0.4; charset=utf-8")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep light, dark or system in a cookie that the server reads, so that no page flashes."""
    response = redirect(next_url(request, "/"))
    if (chosen := request.POST.get("theme")) in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=YEAR_SECONDS, samesite="Lax", httponly=True, secure=request.is_secure()
        )
    return response
