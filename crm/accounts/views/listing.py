"""The lists of customers and of people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from crm.accounts.lists import ACCOUNTS, CONTACTS
from crm.segments.listing import show


@require_GET
@vary_on_headers("HX-Request")
def account_list(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only its rows."""
    return show(request, ACCOUNTS)


@require_GET
@vary_on_headers("HX-Request")
def contact_list(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only its rows."""
    return show(request, CONTACTS)
