"""What a file would do, does and has done: preview, progress, result, rejects, and its undo."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm import slots
from crm.imports.actions.exporting import Echo
from crm.imports.actions.staging import REJECT_COLUMNS
from crm.imports.models import Import, ImportedRange
from crm.imports.pages import changes_shown, columns_shown, twins_shown
from crm.imports.rules.cells import formula_safe
from crm.imports.rules.plans import TWINS, Plan
from crm.outbox.models import MailPolicy
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

_PAGE = 50


def _mine(request: HttpRequest, pk: int, *, locked: bool = False) -> Import:
    visible = Import.objects.visible_to(viewer_of(request))
    return get_object_or_404(visible.select_for_update(of=("self",)) if locked else visible, pk=pk)


@require_GET
@requires("import")
def detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """While a worker is at it, how far it has come; then the preview, or what came of it."""
    made = _mine(request, pk)
    if made.job:
        return _progress(request, made)
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"})  # the worker is done
    if made.state == Import.State.DRAFT and not made.error and made.created is None:
        return redirect("imports:mapping", made.pk)
    kind, plan, now = slots.import_kinds[made.kind], Plan.from_json(made.settings), clock.now()
    context: dict[str, Any] = {"made": made, "kind": kind, "plan": plan, "report": made.report, "now": now}
    if made.error and made.state in (Import.State.DRAFT, Import.State.FAILED):
        return render(request, "crm/imports/failed.html", context)
    if made.state == Import.State.DRAFT:
        context |= {
            "step": 3, "twins": TWINS, "changes": changes_shown(made.report.get("changes", []), kind.homes),
            "alike": twins_shown(made, viewer_of(request)),
            **columns_shown(made, kind, plan),
        }  # fmt: skip
        return render(request, "crm/imports/preview.html", context)
    context |= {
        "undoable": kind.undoable and made.undoable(now),
        "policy": MailPolicy.the_only(), "kept": list(made.kept.order_by("id")[:_PAGE]),
        "kept_more": made.kept.count() - _PAGE, "rejects": list(made.rejects.order_by("line", "id")[:_PAGE]),
    }  # fmt: skip
    return render(request, "crm/imports/result.html", context)


def _progress(request: HttpRequest, made: Import) -> HttpResponse:
    ahead = Import.objects.waiting().exclude(pk=made.pk).first()
    before = ahead and made.started_at is None and (ahead.queued_at, ahead.pk) < (made.queued_at, made.pk)
    context = {
        "made": made, "kind": slots.import_kinds[made.kind], "step": {"preview": 3, "load": 4}.get(made.job),
        "percent": min(99, made.rows_read * 100 // made.lines) if made.lines else None,
        "ahead": ahead if before else None,
        "ahead_named": before and Import.objects.visible_to(viewer_of(request)).filter(pk=ahead.pk).exists(),
        "waits": clock.now() - (made.started_at or made.queued_at or made.created_at),
    }  # fmt: skip
    template = "crm/imports/progress.html#live" if request.htmx else "crm/imports/progress.html"
    return render(request, template, context)


@require_POST
@requires("import")
@transaction.atomic
def loading(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a worker import what the preview showed; with other settings for twins, preview it once more."""
    made = _mine(request, pk, locked=True)
    if made.state != Import.State.DRAFT or made.job or made.created is None:
        return redirect(made)
    twins = request.POST.get("twins", made.settings.get("twins"))
    if twins in TWINS and twins != made.settings.get("twins"):
        made.settings["twins"] = twins
        made.created = None
        made.queue(Import.Job.PREVIEW, viewer_of(request), clock.now())
    else:
        made.queue(Import.Job.LOAD, viewer_of(request), clock.now())
    return redirect(made)


@require_POST
@requires("import")
@transaction.atomic
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    made, now = _mine(request, pk, locked=True), clock.now()
    if not made.undoable(now) or not slots.import_kinds[made.kind].undoable:
        toast(request, "This import cannot be undone any more.", level=messages.ERROR)
    else:
        made.queue(Import.Job.UNDO, viewer_of(request), now)
    return redirect(made)


@require_POST
@requires("import")
@transaction.atomic
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a file that was not imported. What has begun is not stopped: it is all or nothing, and can be undone."""
    made = _mine(request, pk, locked=True)
    if made.job or made.state not in (Import.State.DRAFT, Import.State.FAILED):
        toast(request, "It is at work, or done. Wait for it, and undo it if you like.", level=messages.ERROR)
        return redirect(made)
    name = made.file_name
    made.delete()
    toast(request, f"{name} is forgotten. Nothing of it was imported.")
    return redirect("imports:list")


@require_GET
@requires("import")
def rejects(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What was refused, as a file: line, column, value, reason, remedy."""
    made = _mine(request, pk)

    def lines() -> Iterator[str]:
        writer = csv.writer(Echo())
        yield "\ufeff" + writer.writerow(REJECT_COLUMNS)
        after = (-1, 0)
        while found := list(
            made.rejects.filter(Q(line=after[0], id__gt=after[1]) | Q(line__gt=after[0])).order_by("line", "id")[:2000]
        ):
            after = (found[-1].line, found[-1].pk)
            for row in found:
                cells = (str(row.line), row.column, row.value, row.reason, row.remedy)
                yield writer.writerow([formula_safe(cell) for cell in cells])

    stem = made.file_name.removesuffix(".csv")
    return StreamingHttpResponse(
        lines(), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename=\"{_ascii(stem)}.rejects.csv\""},
    )  # fmt: skip


def _ascii(name: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_. ") else "-" for letter in name)


@require_GET
@requires("import")
def rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that an import made, or changed, as far as they are there and the viewer may see them."""
    made, viewer = _mine(request, pk), viewer_of(request)
    role, kind, after = request.GET.get("role", "created"), slots.import_kinds[made.kind], request.GET.get("after", "0")
    table = (kind.homes if role == "homes" else kind.tables)[:1]
    if role not in ("created", "updated", "homes") or not table or not (after.isdecimal() and len(after) < 19):
        raise Http404("There is no such list.")
    model: Any = apps.get_model(table[0])
    noted = "created" if role == "homes" else role
    stretches = ImportedRange.objects.filter(of=made, table=table[0], role=noted, last__gt=int(after))
    shown = list(stretches.order_by("first")[: _PAGE + 1])
    within = Q(pk__in=())
    for stretch in shown[:_PAGE]:
        within |= Q(pk__range=(stretch.first, stretch.last))
    # Behind the first stretch, so that the ids need not be walked from the beginning.
    found = list(model.objects.visible_to(viewer).filter(within, pk__gt=int(after)).order_by("pk")[: _PAGE + 1])
    more = found[_PAGE - 1].pk if len(found) > _PAGE else shown[_PAGE - 1].last if len(shown) > _PAGE else None
    context = {"made": made, "kind": kind, "role": role, "found": found[:_PAGE], "more": more}
    template = "crm/imports/rows.html#rows" if request.htmx and after != "0" else "crm/imports/rows.html"
    return render(request, template, context)


@require_GET
@requires("import")
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """All that an undo has left as it is, with the reasons."""
    made = _mine(request, pk)
    try:
        page = keyset_page(made.kept.all(), Sort("id"), request.GET.get("cursor"), _PAGE)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    template = "crm/imports/kept.html#rows" if request.htmx and "cursor" in request.GET else "crm/imports/kept.html"
    return render(request, template, {"made": made, "page": page})
