"""Whose customers are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.accounts.models import Account
from crm.slots import tell


def owner_changed(account: Account, before: int | None, by: Any, now: datetime) -> None:
    """Tell the new owner, if they are another than `before` (an id) and did not do it themselves.

    In the caller's transaction, after the change is written: its undo takes the word back.
    """
    if account.owner_id and account.owner_id != before:
        text = f"{by} made you the owner of {account.name}"
        tell([account.owner_id], "account.assigned", text, account.get_absolute_url(), now, account_id=account.pk,
             by=by)  # fmt: skip
