"""From a file to what shall become of it: history, upload, and which column is which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from crm import slots
from crm.fields.columns import ColumnsOf
from crm.imports.actions.storing import Sample, head_of, receive
from crm.imports.forms import MappingForm, UploadForm
from crm.imports.models import Import, ImportMapping
from crm.imports.rules.files import FileRefused
from crm.imports.rules.guessing import Guess, guesses, preset_of
from crm.imports.rules.headers import folded
from crm.imports.rules.plans import ADDING, POLICIES, SLASHES, TWINS, Plan
from crm.imports.rules.presets import LABELS, PRESETS
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@requires("import")
def history(request: HttpRequest) -> HttpResponse:
    """Everything that came in by file, the latest first."""
    visible = Import.objects.visible_to(viewer_of(request)).for_list()
    try:
        page = keyset_page(visible, Sort("created_at", descending=True), request.GET.get("cursor"))
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    context: dict[str, Any] = {"page": page, "kinds": dict(slots.import_kinds.items())}
    if request.htmx and "cursor" in request.GET:
        return render(request, "crm/imports/list.html#rows", context)
    return render(request, "crm/imports/list.html", context)


@_form
@requires("import")
def upload(request: HttpRequest) -> HttpResponse:
    """The first step: a kind and a file, which is looked into before anything is stored."""
    if request.method != "POST":
        asked = request.GET.get("kind", "accounts")
        return _upload_page(request, UploadForm(initial={"kind": asked if asked in slots.import_kinds else "accounts"}))
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form, 422)
    try:
        made = receive(form.cleaned_data["file"], form.cleaned_data["kind"], viewer_of(request), clock.now())
    except FileRefused as error:
        form.add_error("file", str(error))
        return _upload_page(request, form, 422)
    return redirect("imports:mapping", made.pk)


def _upload_page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "kinds": slots.import_kinds.items(), "step": 1, "chosen": form["kind"].value()}
    return render(request, "crm/imports/new.html", context, status=status)


@_form
@requires("import")
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """The second step: which column is which. Posted, it asks a worker for the preview."""
    made = get_object_or_404(Import.objects.visible_to(viewer_of(request)), pk=pk)
    if made.job or made.state not in (Import.State.DRAFT, Import.State.FAILED):
        return redirect(made)
    try:
        sample = head_of(made)
    except FileRefused as error:
        toast(request, str(error), level=messages.ERROR)
        return redirect("imports:list")
    if request.method == "POST":
        form = MappingForm(made.kind, sample, Plan(), {}, request.POST)
        if form.is_valid():
            return _previewing(request, made, form)
    else:
        plan, guessed = _proposed(request, made, sample)
        form = MappingForm(made.kind, sample, plan, guessed)
    context = {
        "made": made, "form": form, "kind": form.of, "step": 2, "slashes": SLASHES,
        "twins": TWINS, "presets": {name: LABELS[name] for name, kinds in PRESETS.items() if made.kind in kinds},
        "saved": ImportMapping.objects.filter(kind=made.kind),
        "policies": [(name, words, ADDING[name]) for name, words in POLICIES.items()],
        "new_field": _new_field(request, form),
    }  # fmt: skip
    return render(request, "crm/imports/mapping.html", context, status=200 if form.is_valid() else 422)


def _proposed(request: HttpRequest, made: Import, sample: Sample) -> tuple[Plan, dict[int, Guess]]:
    """What was chosen before, a remembered mapping, or what the titles and cells look like."""
    columns = slots.import_kinds[made.kind].columns
    asked = request.GET
    if remembered := ImportMapping.objects.filter(kind=made.kind, pk=_number(asked.get("mapping"))).first():
        plan = Plan.from_json(remembered.settings)
        named = {folded(title): name for title, name in plan.mapping.items()}
        places = {at: named[folded(title)] for at, title in enumerate(sample.titles) if folded(title) in named}
        return replace(plan, mapping={}, columns=places), {}
    before = Plan.from_json(made.settings)
    if before.columns is not None and "preset" not in asked:
        return before, {}
    wanted = asked["preset"] if "preset" in asked else preset_of(made.kind, columns, sample.titles) or ""
    preset = wanted if wanted in PRESETS and made.kind in PRESETS[wanted] else None
    slashes = PRESETS[preset][made.kind].slashes if preset else ""
    return Plan(preset, slashes=slashes), guesses(made.kind, columns, sample.titles, sample.rows, preset)  # type: ignore[arg-type]


def _new_field(request: HttpRequest, form: MappingForm) -> str:
    """Where whoever may make a field does so for a column that has no place; blank for others."""
    columns = form.of.columns
    if not (isinstance(columns, ColumnsOf) and allows(request.user, "manage_settings")):
        return ""
    return f"{reverse('fields:new')}?{urlencode({'of': columns.subject, 'next': request.path})}"


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _previewing(request: HttpRequest, made: Import, form: MappingForm) -> HttpResponse:
    now, viewer = clock.now(), viewer_of(request)
    with transaction.atomic():
        made = Import.objects.visible_to(viewer).select_for_update(of=("self",)).get(pk=made.pk)
        if made.job or made.state not in (Import.State.DRAFT, Import.State.FAILED):
            return redirect(made)
        made.settings, made.state = form.plan.as_json(), Import.State.DRAFT
        made.created = made.updated = made.skipped = made.rejected = None
        made.queue(Import.Job.PREVIEW, viewer, now)
        if form.save_as:
            stored = form.plan.as_json() | {"columns": None, "mapping": form.titles()}
            ImportMapping.objects.update_or_create(
                kind=made.kind, name=form.save_as, defaults={"settings": stored, "by": viewer, "created_at": now}
            )
            toast(request, f"The mapping is remembered as “{form.save_as}”.")
    return redirect(made)
