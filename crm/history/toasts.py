"""A word at the foot of the page about an act, with its way back."""

from django.http import HttpRequest

from crm.history.models import Act
from crm.web.addresses import address
from crm.web.toasts import toast


def undoable(request: HttpRequest, act: Act, text: str) -> None:
    """Shown on the next page, with a button that undoes the act."""
    toast(request, text, undo=address("history:undo", act.pk), again=bool(act.turns % 2))
