"""Dialogs that show what would follow for MRR before they do anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import DataError
from django.http import HttpRequest, HttpResponse

from crm.accounts.models import Account
from crm.history.models import Act
from crm.history.toasts import undoable
from crm.ledger.actions import changing
from crm.ledger.forms import ShownFirst
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done

#: What no column can hold, once it is booked at its rate and added to what is there.
TOO_LARGE = "With this amount the customer’s sums become too large to be kept. Is it right?"


@dataclass(frozen=True)
class Shown:
    """A dialog. `day` is the field from whose day on the effect is told; blank: from today on."""

    template: str
    heading: str
    day: str = ""


def shown_first(
    request: HttpRequest, account: Account, form: ShownFirst, verb: Callable[[User, datetime], Act], shown: Shown,
    **more: Any,
) -> HttpResponse:  # fmt: skip
    """The first time that it is sent, what would follow is shown; the second time, it is done. `more` is for the
    template."""
    by, now, effect = viewer_of(request), clock.now(), None
    if form.is_bound and form.is_valid():
        try:
            if form.was_shown:
                deed = verb(by, now)
                undoable(request, deed, f"{deed.label[:1].upper()}{deed.label[1:]}.")
                return done(request, account.get_absolute_url())
            on: date = form.cleaned_data[shown.day] if shown.day else clock.today(now)
            effect = changing.effect(lambda: verb(by, now), account.pk, on)
        except changing.ChangeError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        except DataError:
            form.add_error(None, TOO_LARGE)
    context = {"form": form, "effect": effect, "mark": form.mark() if effect else "", "whose": str(account), **more}
    status = 422 if form.is_bound and not effect else 200
    return dialog(request, shown.template, context, heading=shown.heading, back=account.get_absolute_url(),
                  status=status)  # fmt: skip
