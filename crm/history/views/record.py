"""What became of one record: each change with before and after, by whom and by which way."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm.history import changes, sentences
from crm.history.actions import can_undo
from crm.history.models import Act
from crm.history.tracking import tracked_as
from crm.slots import filter_subjects
from crm.team.models import User
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.web import clock

PAGE_SIZE = 30
_LONGEST_ID = 18


@require_safe
def record(request: HttpRequest, subject: str, pk: int) -> HttpResponse:
    """The latest changes first; for htmx only the following ones."""
    viewer, model = viewer_of(request), filter_subjects[subject].model
    try:
        of = tracked_as(model)
    except LookupError as error:
        raise Http404(str(error)) from error
    visible: Any = model._default_manager
    row = get_object_or_404(visible.visible_to(viewer), pk=pk)
    found = changes.of_record(of, row.pk, viewer, _edge(request), PAGE_SIZE + 1)
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    acts = Act.objects.for_reading().in_bulk([change.act_id for change in found])
    context: dict[str, Any] = {
        "lines": [line for change in found if (line := _line(change, acts.get(change.act_id), viewer))],
        "more": found[-1].id if more else None,
    }
    if request.htmx and "before" in request.GET:
        return render(request, "crm/history/record.html#rows", context)
    context |= {
        "record": row, "subject": subject, "url": row.get_absolute_url(), "one": filter_subjects[subject].label,
        "audited": allows(viewer, "audit"),
    }  # fmt: skip
    return render(request, "crm/history/record.html", context)


def _edge(request: HttpRequest) -> int | None:
    asked = request.GET.get("before", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= _LONGEST_ID):
        raise BadRequest("That page address is damaged. Start again from the first page.")
    return int(asked)


def _line(change: changes.Changed, act: Act | None, viewer: User) -> dict[str, Any]:
    mine = act is not None and (act.by_id == viewer.pk or allows(viewer, "audit"))
    return {
        "act": act, "fields": change.fields, "deleted": change.deleted, "who": act.who if act else "Somebody",
        "how": sentences.how(act) if act else "", "mine": mine,
        "many": act is not None and bool(act.label), "may_undo": act is not None and can_undo(act, viewer, clock.now()),
    }  # fmt: skip
