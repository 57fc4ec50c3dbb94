"""The pages of privacy: what is known about a person, a copy of it for them, and forgetting them."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from crm.accounts.models import Account, Contact
from crm.duplicates import merging
from crm.duplicates.merging.rows import counts
from crm.privacy import consent, erasing, exporting
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


def _contact(request: HttpRequest, pk: int) -> Contact:
    rows = Contact.objects.visible_to(request.user).select_related("account")
    return get_object_or_404(rows, pk=pk)


@require_GET
@requires("export")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known about somebody, every word on consent, and what they may ask for."""
    contact = _contact(request, pk)
    context = {
        "contact": contact, "known": counts(Contact, contact.pk), "words": consent.history(contact),
        "may_erase": allows(viewer_of(request), "erase"),
    }  # fmt: skip
    return render(request, "crm/privacy/person.html", context)


@require_GET
@requires("export")
def export(request: HttpRequest, pk: int) -> FileResponse:
    """All of it as a file."""
    contact, now = _contact(request, pk), clock.now()
    name = f"{slugify(str(contact)) or 'person'}-{now:%Y-%m-%d}.zip"
    packed = exporting.archive(contact, now)
    return FileResponse(packed, as_attachment=True, filename=name, content_type="application/zip")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("erase")
def erasure(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what goes and what stays, asks for the name, and then forgets the person."""
    contact = _contact(request, pk)
    context: dict[str, Any] = {
        "contact": contact, "known": counts(Contact, contact.pk), "wanted": str(contact),
        "of_their_own": contact.account.kind == Account.Kind.PERSON,
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "crm/privacy/erasure.html", context)
    if request.POST.get("name", "").strip() != str(contact):
        context["wrong"] = True
        return render(request, "crm/privacy/erasure.html", context, status=422)
    account = contact.account
    try:
        erasing.erase(contact.pk, viewer_of(request), clock.now())
    except merging.Busy as error:
        context["busy"] = str(error)
        return render(request, "crm/privacy/erasure.html", context, status=409)
    toast(request, "The person is erased. Figures stay, and no later import brings them mail.")
    return redirect("accounts:detail", account.pk)
