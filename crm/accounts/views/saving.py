"""What saving a customer brings along."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.accounts.actions.contacting import silence_changed
from crm.accounts.actions.owning import owner_changed
from crm.accounts.models import Account


def saved(form: Any, now: datetime) -> Account:
    """Keep what a valid AccountForm says, of a new customer too, in the caller's transaction."""
    account: Account = form.save()
    if "owner" in form.stored:
        before = form.stored["owner"]
        owner_changed(account, before.pk if before else None, form.viewer, now)
    if "do_not_contact" in form.changed_data:
        silence_changed(account, form.viewer, now)
    return account
