"""Mail that nobody could place: whose is it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm.accounts.models import Account, Contact
from crm.correspondence import filing
from crm.correspondence.forms import LinkForm, NewPersonForm
from crm.correspondence.models import Mail
from crm.team.models import User
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.faults import first_fault
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

_NEWEST = Sort("id", descending=True)
_SIZE = 20


@require_safe
def unmatched(request: HttpRequest) -> HttpResponse:
    """The newest first, with whoever it seems to be."""
    viewer = viewer_of(request)
    rows = Mail.objects.visible_to(viewer).unmatched().select_related("user", "answers__contact", "answers__account")
    rows = rows.defer("html")
    try:
        page = keyset_page(rows, _NEWEST, request.GET.get("cursor"), _SIZE)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    context: dict[str, Any] = {"page": page, "lines": _lines(page.rows, viewer), "may_file": allows(viewer, "edit")}
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/correspondence/unmatched.html#rows", context)
    return render(request, "crm/correspondence/unmatched.html", context)


def _lines(rows: Any, viewer: User) -> list[dict[str, Any]]:
    """Each with the person that its address, or what it answers, points to, if the viewer may see them."""
    mails = list(rows)
    by_address = {one: person.pk for one, person in filing.contacts_by([m.sender_address for m in mails]).items()}
    wanted = {*by_address.values(), *(m.answers.contact_id for m in mails if m.answers)}
    people = Contact.objects.visible_to(viewer).select_related("account").in_bulk([pk for pk in wanted if pk])
    lines = []
    for mail in mails:
        known = people.get(by_address.get(mail.sender_address, 0))
        answered = people.get((mail.answers.contact_id or 0) if mail.answers else 0)
        first, _, last = mail.sender_name.partition(" ")
        lines.append({
            "mail": mail, "known": known, "answered": answered if answered != known else None,
            "first": first, "last": last, "to": ", ".join(name or address for name, address in mail.recipients[:3]),
        })  # fmt: skip
    return lines


@require_POST
@requires("edit")
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """It is from, or to, somebody who is known; what comes from the address later is theirs too."""
    mail, form = _mail(request, pk), LinkForm(request.POST, viewer=viewer_of(request))
    if not form.is_valid():
        return _refused(request, form)
    contact = form.contact
    assert contact

    def verb() -> str:
        count = filing.link(mail, contact, viewer_of(request), clock.now())
        return f"Filed at {contact}." if count == 1 else f"{count} mails are filed at {contact}."

    return _act(request, verb)


@require_POST
@requires("edit")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """It is from somebody new at a customer."""
    mail, form = _mail(request, pk), NewPersonForm(request.POST, viewer=viewer_of(request))
    if not form.is_valid():
        return _refused(request, form)
    data = form.cleaned_data
    account: Account = data["account"]

    def verb() -> str:
        made = filing.make_contact(
            mail, account, data["first_name"], data["last_name"], viewer_of(request), clock.now()
        )
        return f"{made} is added to {account}, and the mail filed."

    return _act(request, verb)


@require_POST
@requires("edit")
def ignoring(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody needs it; with `always` nothing from that sender is shown again. The toast takes that back."""
    mail, always = _mail(request, pk), "always" in request.POST
    filing.ignore(mail, viewer_of(request), clock.now(), always=always)
    said = f"Nothing from {mail.sender_address} is shown any more." if always else "The mail is ignored."
    toast(request, said, undo=reverse("correspondence:heeding", args=[pk]))
    return redirect("correspondence:unmatched")


@require_POST
@requires("edit")
def heeding(request: HttpRequest, pk: int) -> HttpResponse:
    """The undo of an ignoring."""
    mail = get_object_or_404(Mail.objects.visible_to(request.user).filter(account=None), pk=pk)
    filing.heed(mail)
    toast(request, "The mail waits again, and its sender is heard.")
    return redirect("correspondence:unmatched")


def _mail(request: HttpRequest, pk: int) -> Mail:
    return get_object_or_404(Mail.objects.visible_to(request.user).unmatched(), pk=pk)


def _refused(request: HttpRequest, form: Any) -> HttpResponse:
    toast(request, first_fault(form), level=messages.ERROR)
    return redirect("correspondence:unmatched")


def _act(request: HttpRequest, verb: Callable[[], str]) -> HttpResponse:
    try:
        toast(request, verb())
    except filing.NotPossible as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return redirect("correspondence:unmatched")
