"""The demo's webhooks go to this address of its own, which takes whatever comes, so that nothing leaves the machine."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST


@login_not_required
@csrf_exempt
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"taken": request.headers.get("webhook-id", "")})
