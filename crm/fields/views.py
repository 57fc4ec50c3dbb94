"""Where an admin makes fields: the list, the form of one, what becomes of an option, the archive."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.fields import actions, indexes, known, uses
from crm.fields.editing import FieldForm
from crm.fields.models import CustomField
from crm.fields.rules import TYPES, WITH_OPTIONS, Definition
from crm.history.models import Run
from crm.history.toasts import undoable
from crm.segments.uses import words_for
from crm.slots import custom_subjects
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.returning import next_url

_form = require_http_methods(["GET", "HEAD", "POST"])

#: What asks for a field is named up to here, and counted beyond.
_NAMED = 12


def _subject(name: str) -> str:
    if name not in custom_subjects:
        raise Http404("There is nothing of this name that has fields.")
    return name


@require_safe
@requires("manage_settings")
def fields(request: HttpRequest) -> HttpResponse:
    """Of one subject: in their groups, then those in the archive."""
    subject = _subject(request.GET.get("of") or next(iter(custom_subjects.names())))
    every = known.every(subject)
    groups: dict[str, list[Definition]] = {}
    for of in every:
        if not of.archived:
            groups.setdefault(of.group, []).append(of)
    context: dict[str, Any] = {
        "tabs": [(name, about.label, len(known.fields(name))) for name, about in custom_subjects.items()],
        "subject": subject, "one": custom_subjects[subject].one, "groups": list(groups.items()),
        "archived": [of for of in every if of.archived],
        "ready": indexes.ready([of for of in every if of.often]), "moved": request.GET.get("moved", ""),
    }  # fmt: skip
    return render(request, "crm/fields/list.html", context)


@_form
@requires("manage_settings")
def make(request: HttpRequest) -> HttpResponse:
    """A new field; `next` leads back to where it was missed."""
    subject = _subject(request.GET.get("of", "account"))
    back = next_url(request, f"{reverse('fields:list')}?of={subject}")
    if request.method != "POST":
        asked = request.GET.get("type", "")
        initial = {"name": request.GET.get("name", "")[:80], "type": asked if asked in TYPES else "text"}
        return _page(request, FieldForm(initial=initial, subject=subject), None, back)
    form = FieldForm(request.POST, subject=subject)
    if not form.is_valid():
        return _page(request, form, None, back)
    try:
        row, deed = actions.make(form.values(), viewer_of(request), clock.now())
    except IntegrityError:  # somebody made one of this key between our look and our save
        form.add_error("key", "Somebody has just made a field with this key. Look at it, or take another key.")
        return _page(request, form, None, back)
    undoable(request, deed, f"The field “{row.name}” is made.")
    return redirect(back)


@_form
@requires("manage_settings")
@transaction.atomic
def field(request: HttpRequest, pk: int) -> HttpResponse:
    """Its row is held while it is changed, so that options which two admins add at once are all there.

    The buttons that move an option save the form too, so that nothing typed is lost, and keep the focus.
    """
    rows = CustomField.objects.select_for_update() if request.method == "POST" else CustomField.objects.all()
    row = get_object_or_404(rows, pk=pk)
    back = f"{reverse('fields:list')}?of={row.subject}"
    if request.method != "POST":
        return _page(request, FieldForm(row=row, subject=row.subject), row, back)
    form = FieldForm(request.POST, row=row, subject=row.subject)
    if not form.is_valid():
        return _page(request, form, CustomField.objects.get(pk=pk), back)
    values = form.values()
    way, _, code = request.POST.get("move", "").partition(":")
    moved = way in actions.WAYS and "options" in values
    if moved:
        values["options"] = actions.moved(values["options"], code, way)
    deed = actions.change(row, values, viewer_of(request), clock.now())
    undoable(request, deed, f"The field “{row.name}” is saved.")
    here = reverse("fields:field", args=[row.pk])
    return redirect(f"{here}?{urlencode({'moved': f'{way}:{code}'})}" if moved else back)


def _page(request: HttpRequest, form: FieldForm, row: CustomField | None, back: str) -> HttpResponse:
    of = known.defined(row) if row else None
    context: dict[str, Any] = {
        "form": form, "row": row, "back": back, "subject": form.subject, "one": custom_subjects[form.subject].one,
        "types": TYPES.items(), "filled": actions.filled(of).count() if of else 0,
        "options": of.offered if of and of.type in WITH_OPTIONS else [], "moved": request.GET.get("moved", ""),
    }  # fmt: skip
    return render(request, "crm/fields/field.html", context, status=422 if form.is_bound else 200)


@_form
@requires("manage_settings")
def archival(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what asks for it, and how many records have a value."""
    row = get_object_or_404(CustomField, pk=pk, archived_at=None)
    back = f"{reverse('fields:list')}?of={row.subject}"
    if request.method != "POST":
        viewer = viewer_of(request)
        found = uses.uses_of(row.subject, row.key)
        named = [(words_for(use, viewer), use.url if use.of in (None, viewer) else "") for use in found[:_NAMED]]
        context = {
            "row": row, "uses": named, "more": len(found) - len(named), "one": custom_subjects[row.subject].one,
            "many": actions.filled(known.defined(row)).count(),
        }  # fmt: skip
        return dialog(request, "crm/fields/archive.html", context, heading=f"Archive “{row.name}”", back=back)
    deed = actions.archive(row, viewer_of(request), clock.now())
    undoable(request, deed, f"“{row.name}” is archived. Its values are kept.")
    return done(request, back)


@require_POST
@requires("manage_settings")
def restoration(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(CustomField, pk=pk, archived_at__isnull=False)
    deed = actions.restore(row, viewer_of(request), clock.now())
    undoable(request, deed, f"“{row.name}” is back, with its values.")
    return redirect(f"{reverse('fields:list')}?of={row.subject}")


@require_POST
@requires("manage_settings")
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """One place up, or down."""
    row = get_object_or_404(CustomField, pk=pk, archived_at=None)
    way = request.POST.get("way", "up")
    if way not in actions.WAYS:
        raise BadRequest("A field moves up or down.")
    actions.move(row, way, viewer_of(request), clock.now())
    return redirect(f"{reverse('fields:list')}?{urlencode({'of': row.subject, 'moved': f'{way}:{row.key}'})}")


@_form
@requires("manage_settings")
def option_removal(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Says how many records hold it, and asks what they get instead."""
    row = get_object_or_404(CustomField, pk=pk, type__in=WITH_OPTIONS)
    of = known.defined(row)
    option = of.by_code.get(code)
    if option is None or option.gone:
        raise Http404("There is no such option.")
    back = reverse("fields:field", args=[pk])
    others = [one for one in of.offered if one.code != code]
    instead = request.POST.get("instead", "")
    if request.method != "POST" or instead not in {"", *(one.code for one in others)}:
        many = actions.holding(of, code).count()
        context = {
            "row": row,
            "option": option,
            "others": others,
            "many": many,
            "one": custom_subjects[row.subject].one,
        }
        heading = f"Remove “{option.label}”"
        return dialog(request, "crm/fields/option.html", context, heading=heading, back=back)
    deed = actions.remove_option(row, code, instead, viewer_of(request), clock.now())
    if Run.objects.filter(act=deed).exists():
        return done(request, reverse("history:act", args=[deed.pk]))
    undoable(request, deed, f"“{option.label}” is removed from “{row.name}”.")
    return done(request, back)
