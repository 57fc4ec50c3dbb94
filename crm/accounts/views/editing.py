"""Making and changing customers and their people."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from crm.accounts.forms import AccountForm, ContactForm
from crm.accounts.models import Account, Contact
from crm.accounts.views.reaching import locked, taker_of
from crm.accounts.views.saving import saved
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.timeline.actions import Fact, record
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.returning import next_url
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])


@_form
@requires("edit")
def create(request: HttpRequest) -> HttpResponse:
    """A new customer, owned by whoever adds them unless the form says otherwise."""
    if request.method != "POST":
        today = clock.today()
        initial = {"owner": request.user.pk, "signed_up_on": today}
        return _account_page(request, AccountForm(initial=initial, viewer=viewer_of(request)))
    form = AccountForm(request.POST, viewer=viewer_of(request))
    if not form.is_valid():
        return _account_page(request, form)
    with transaction.atomic():
        account = saved(form, clock.now())
        _tell(request, account.pk, "account.added", f"{account.name} was added")
    toast(request, f"{account.name} is added.")
    return redirect(_after(request, account))


@_form
@requires("edit")
@transaction.atomic
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The row stays locked from the check of what others changed until it is saved.

    What was typed about a customer that was merged away meanwhile is put beside what the other says, to be decided.
    """
    if taker := taker_of(request, pk):
        form = AccountForm(request.POST, instance=taker, viewer=viewer_of(request))
        form.is_valid()
        return _account_page(request, form, Account.objects.get(pk=taker.pk), merged=True)
    account = get_object_or_404(locked(Account.objects.visible_to(request.user), request), pk=pk)
    typed = request.POST if request.method == "POST" else None
    form = AccountForm(typed, instance=account, viewer=viewer_of(request))
    if not form.is_valid():
        return _account_page(request, form, Account.objects.get(pk=pk))
    account = saved(form, clock.now())
    toast(request, f"{account.name} is saved. {form.kept_beside()}".rstrip())
    return redirect(_after(request, account))


def _after(request: HttpRequest, account: Account) -> Any:
    """A confined manager who gives a customer away cannot open it any more."""
    seen = Account.objects.visible_to(request.user).filter(pk=account.pk).exists()
    return account.get_absolute_url() if seen else "accounts:list"


def _account_page(
    request: HttpRequest, form: AccountForm, account: Account | None = None, merged: bool = False
) -> HttpResponse:
    context = {"form": form, "account": account, "merged": merged}
    return render(request, "crm/accounts/edit.html", context, status=422 if form.is_bound else 200)


@_form
@requires("edit")
@transaction.atomic
def add_contact(request: HttpRequest, pk: int) -> HttpResponse:
    account = get_object_or_404(locked(Account.objects.visible_to(request.user), request), pk=pk)
    first = not account.contacts.filter(is_primary=True).exists()
    form = ContactForm(
        request.POST if request.method == "POST" else None,
        instance=Contact(account=account),
        initial={"is_primary": first},
        viewer=viewer_of(request),
    )
    return _save_contact(request, account, form, "added")


@_form
@requires("edit")
@transaction.atomic
def edit_contact(request: HttpRequest, pk: int, contact_pk: int) -> HttpResponse:
    account = get_object_or_404(locked(Account.objects.visible_to(request.user), request), pk=pk)
    contact = get_object_or_404(locked(account.contacts.visible_to(request.user), request), pk=contact_pk)
    form = ContactForm(request.POST if request.method == "POST" else None, instance=contact, viewer=viewer_of(request))
    return _save_contact(request, account, form, "")


def _save_contact(request: HttpRequest, account: Account, form: ContactForm, news: str) -> HttpResponse:
    """Under the account's lock, so that there is one primary contact however many are saved at once."""
    if not form.is_valid():
        return _contact_page(request, account, form)
    try:
        with transaction.atomic():
            if form.cleaned_data["is_primary"]:
                account.contacts.exclude(pk=form.instance.pk).filter(is_primary=True).update(is_primary=False)
            contact = form.save()
            _tell_contact(request, account, contact, form, news)
    except IntegrityError:
        # Somebody took the address between our look and our save.
        form.add_error("email", "This address has just been given to somebody else. Look for them in the search.")
        return _contact_page(request, account, form)
    toast(request, f"{contact.name} is {news or 'saved'}. {form.kept_beside()}".rstrip())
    return done(request, next_url(request, account.get_absolute_url()))


def _tell_contact(request: HttpRequest, account: Account, contact: Contact, form: ContactForm, news: str) -> None:
    if news:
        _tell(request, account.pk, "contact.added", f"{contact.name} was added", contact.pk)
    elif "email_consent" in form.changed_data:
        words = {"yes": "agreed to mail", "no": "refused mail", "": "is to be asked about mail again"}
        text = f"{contact.name} {words[contact.email_consent]}, as noted by hand"
        _tell(request, account.pk, "contact.consent_changed", text, contact.pk)


def _contact_page(request: HttpRequest, account: Account, form: ContactForm) -> HttpResponse:
    known = Contact.objects.get(pk=form.instance.pk) if form.instance.pk else None
    context = {"form": form, "account": account, "contact": known}
    heading = known.name if known else f"New contact at {account.name}"
    back, status = account.get_absolute_url(), 422 if form.is_bound else 200
    return dialog(request, "crm/accounts/contact.html", context, heading=heading, back=back, status=status)


def _tell(request: HttpRequest, account_id: int, kind: str, text: str, contact_id: int | None = None) -> None:
    now = clock.now()
    record(Fact(account_id, kind, text, now, contact_id=contact_id, source="person", actor_id=request.user.pk), now=now)
