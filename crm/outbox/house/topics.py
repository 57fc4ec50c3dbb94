"""The topics for admins: what mail is about, as people may refuse it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.outbox.house import actions
from crm.outbox.house.forms import TopicForm
from crm.outbox.models import Topic
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@requires("manage_mail")
def topic_list(request: HttpRequest) -> HttpResponse:
    """Those that people choose among, and below them those that are not used any more."""
    rows = list(Topic.objects.order_by("order", "id"))
    context = {
        "topics": [one for one in rows if one.retired_at is None],
        "retired": [one for one in rows if one.retired_at is not None],
    }
    return render(request, "crm/outbox/house/topics.html", context)


@_form
@requires("manage_mail")
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, Topic(order=90, categories=["service"]))


@_form
@requires("manage_mail")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(Topic, pk=pk))


def _edit(request: HttpRequest, topic: Topic) -> HttpResponse:
    form = TopicForm(request.POST if request.method == "POST" else None, instance=topic)
    if form.is_valid():
        actions.write(form, viewer_of(request), clock.now())
        toast(request, "Saved.")
        return redirect("sending:topics")
    context: dict[str, Any] = {"form": form, "topic": topic, "title": topic.name if topic.pk else "New topic"}
    return render(request, "crm/outbox/house/topic.html", context, status=422 if form.errors else 200)


@require_POST
@requires("manage_mail")
def retirement(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody is asked about it any more, or with `back` again. Who refused it, refused it."""
    topic = get_object_or_404(Topic, pk=pk)
    topic = actions.offer(topic.pk, viewer_of(request), clock.now(), offered="back" in request.POST)
    toast(request, f"“{topic}” is {'offered again' if topic.retired_at is None else 'not offered any more'}.")
    return redirect("sending:topics")
