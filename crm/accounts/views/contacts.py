"""The page of one person: who they are, whether mail reaches them, and what happened with them."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.forms import CharField, Form, TextInput
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from crm import slots
from crm.accounts import rules
from crm.accounts.actions import people
from crm.accounts.forms import ContactForm
from crm.accounts.models import Contact
from crm.accounts.naming import customer_named
from crm.accounts.views import own, timeline
from crm.accounts.views.reaching import locked
from crm.history.toasts import undoable
from crm.team.models import User
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.timeline.models import TimelineEntry
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import dialog, done
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

_NEWEST_FIRST = Sort("occurred_at", descending=True)


@require_safe
@vary_on_headers("HX-Request")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; for htmx with a cursor only the earlier entries."""
    contact, now = _contact(request, pk), clock.now()
    context = {"contact": contact, "account": contact.account, **_entries(request, contact, now)}
    if request.htmx and "cursor" in request.GET:
        return render(request, "crm/contacts/entries.html#entries", context)
    zone = contact.timezone or contact.account.timezone
    marks = [found[pk] for find in slots.contact_marks if pk in (found := find([contact], now))]
    panels = [(panel.template, panel.context(contact, request)) for panel in slots.contact_panels]
    context |= {
        "language": rules.language_name(contact.language),
        "now": now, "marks": marks, "mail": _mail(contact, marks, now),
        "zone": zone, "there": now.astimezone(clock.zone(zone)) if zone in clock.ZONE_NAMES else None,
        "birthday": rules.next_yearly(contact.birthday, clock.today(now)) if contact.birthday else None,
        "panels": [{"template": template, "context": found} for template, found in panels if found is not None],
        "may_edit": allows(request.user, "edit"), "may_delete": allows(request.user, "delete"),
    }  # fmt: skip
    context["facts"], context["headings"] = own.cards([], "contact", contact.custom, _facts(pk))
    return render(request, "crm/contacts/detail.html", context)


def _facts(pk: int) -> str:
    return f"{address('contacts:detail', pk)}facts/"


@require_http_methods(["GET", "HEAD", "POST"])
@requires("edit")
@transaction.atomic
def fact(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One field that admins have made, as on the page of a customer: its form, or with ?part=value what it reads."""
    of = own.named("contact", name)
    if of is None:
        raise Http404("There is no such field.")
    contact = get_object_or_404(locked(Contact.objects.visible_to(request.user), request), pk=pk)
    if request.GET.get("part") == "value":
        return own.shown(request, own.row_of(of, contact.custom, _facts(pk)))
    typed = request.POST if request.method == "POST" else None
    form = ContactForm(typed, instance=contact, only=name, viewer=viewer_of(request))
    if form.is_valid():
        contact = form.save()
        if not request.htmx:
            return done(request, contact.get_absolute_url())
        return own.shown(request, own.row_of(of, contact.custom, _facts(pk)))
    return own.asked(request, form, name, f"{of.name} of {contact}")


def _contact(request: HttpRequest, pk: int) -> Contact:
    return get_object_or_404(Contact.objects.visible_to(request.user).select_related("account__owner", "seen"), pk=pk)


def _mail(contact: Contact, marks: list[slots.Mark], now: datetime) -> tuple[str, str]:
    """(tone, sentence): whether mail of workflows reaches them, and if not, why."""
    paused = contact.automation_paused_until
    if not contact.email:
        return "warn", "No mail reaches them: there is no address."
    if any(mark.tone == "bad" for mark in marks):
        return "bad", "No mail reaches them: their address is suppressed."
    if contact.do_not_contact or contact.account.do_not_contact:
        whom = "they are" if contact.do_not_contact else "the customer is"
        return "bad", f"Only replies and receipts reach them: {whom} not to be contacted."
    if contact.email_consent == Contact.Consent.NO:
        return "bad", "Only replies and receipts reach them: they refused other mail."
    if paused and paused > now:
        return "warn", f"Workflows leave them alone until {timezone.localtime(paused):%-d %B}."
    if contact.email_consent == Contact.Consent.YES:
        return "good", "Mail reaches them; they agreed to marketing too."
    return "info", "Service mail reaches them; marketing does not, since nobody asked them."


def _entries(request: HttpRequest, contact: Contact, now: datetime) -> dict[str, Any]:
    """Their part of the timeline, a range of the contact's own index."""
    rows = TimelineEntry.objects.visible_to(request.user).filter(contact=contact)
    try:
        page = keyset_page(timeline.columns(rows), _NEWEST_FIRST, request.GET.get("cursor"), timeline.ENTRIES)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    today, viewer = timezone.localtime(now).date(), viewer_of(request)
    here = str(contact.account.get_absolute_url())
    lines = [timeline.line(entry, here, today, viewer.pk) for entry in page.rows]
    groups = [(label, list(group)) for label, group in groupby(lines, key=lambda one: one["under"])]
    return {"groups": groups, "earlier": page.next, "under": request.GET.get("under", "")}


class AtForm(Form):
    """At which customer somebody new is."""

    account = CharField(
        label="Customer", max_length=220, help_text="Begin to type their name and choose.",
        widget=TextInput(attrs={"list": "customers", "autocomplete": "off", "autofocus": True}),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def clean_account(self) -> Any:
        return customer_named(self.cleaned_data["account"], self.viewer)


@require_safe
@requires("edit")
def new(request: HttpRequest) -> HttpResponse:
    """First at which customer; the form about the person is that customer's."""
    form = AtForm(request.GET if "account" in request.GET else None, viewer=viewer_of(request))
    if form.is_valid():
        return redirect("accounts:add_contact", form.cleaned_data["account"].pk)
    return render(request, "crm/contacts/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form stands at the customer, whose lock keeps one person primary."""
    contact = _contact(request, pk)
    return redirect(f"{reverse('accounts:contact', args=[contact.account_id, pk])}?next={contact.get_absolute_url()}")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("delete")
def deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first, and says what forbids it."""
    contact = _contact(request, pk)
    if request.method != "POST":
        context = {"contact": contact, "hanging": people.hanging_on(contact)}
        back = contact.get_absolute_url()
        return dialog(request, "crm/contacts/deletion.html", context, heading=f"Delete {contact.name}?", back=back)
    try:
        act = people.delete(contact, viewer_of(request), clock.now())
    except people.StillNeeded as error:
        toast(request, str(error), level=messages.ERROR)
        return done(request, contact.get_absolute_url())
    undoable(request, act, f"{contact.name} is deleted.")
    return done(request, contact.account.get_absolute_url())
