"""The one customer that a page is about, if the viewer may see it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from crm.accounts.models import Account, Alias
from crm.web.locks import held


def account_of(request: HttpRequest, pk: int) -> Account:
    """Raises Http404."""
    return get_object_or_404(Account.objects.visible_to(request.user).select_related("owner"), pk=pk)


def locked(visible: Any, request: HttpRequest) -> Any:
    """Rows that passed the gate, held until the transaction ends when they are about to be changed.

    Their keys are not held: whoever points at a row, as a child at its parent, need not wait.
    """
    return held(visible, no_key=True) if request.method == "POST" else visible


def taker_of(request: HttpRequest, pk: int) -> Account | None:
    """The customer that this one was merged into while somebody filled in its form; None: it is there, or was never.

    Only for what is sent: whoever reads is led on by itself.
    """
    seen = Account.objects.visible_to(request.user)
    if request.method != "POST" or seen.filter(pk=pk).exists():
        return None
    at = Alias.holder("account", Alias.Kind.ID, str(pk))
    return seen.filter(pk=at).first() if at else None
