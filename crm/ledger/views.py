"""What people decide about contracts on the pages of other rooms."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from crm.history.toasts import undoable
from crm.ledger.actions.deals import confirm
from crm.ledger.models import Contract
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.returning import next_url


@require_POST
@requires("edit_contracts")
def confirmation(request: HttpRequest, pk: int) -> HttpResponse:
    """One that was sold and is expected is paid, and counts. Back to where the button stood."""
    row = get_object_or_404(Contract.objects.visible_to(request.user).select_related("account"), pk=pk)
    if done := confirm(row, viewer_of(request), clock.now()):
        undoable(request, done, f"The contract {row} is confirmed.")
    return redirect(next_url(request, row.account.get_absolute_url()))
